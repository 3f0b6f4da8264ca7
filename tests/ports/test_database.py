"""One SQLite file and several that open it."""

import threading

from nephoscope.adapters.local.state import SqliteState

ROUNDS, WHO = 100, 16


def test_several_open_a_new_file_at_once(tmp_path):
    """Each waits for its turn: SQLite alone refuses one in thirty such rounds here."""
    for number in range(ROUNDS):
        path, wrote = tmp_path / f"{number}.db", []

        def write(me, path=path, wrote=wrote):
            SqliteState(path).create(str(me), b"")
            wrote.append(me)

        threads = [threading.Thread(target=write, args=(me,)) for me in range(WHO)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(wrote) == WHO
