"""A loopback proxy in front of a gRPC service that keeps every call: its method, and its request as it was sent."""

from concurrent.futures import ThreadPoolExecutor

import grpc

OF_TRANSPORT = ("user-agent", "grpc-", ":")  # metadata that is each connection's own


class RecordedRpcs:
    """Passes calls of any service on; `made` holds each method's name with the bytes of its request."""

    def __init__(self, address):
        self.made = []
        self._channel = grpc.insecure_channel(address)
        self._server = grpc.server(ThreadPoolExecutor(16))
        self._server.add_generic_rpc_handlers((_Passing(self._channel, self.made),))
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def close(self):
        """Stop listening."""
        self._server.stop(None).wait()
        self._channel.close()


class _Passing(grpc.GenericRpcHandler):
    """On the wire a single message is a stream of one: every method is passed on as streams of bytes."""

    def __init__(self, channel, made):
        self._channel, self._made = channel, made

    def service(self, details):
        def passed(requests, context):
            sent = list(requests)
            self._made.append((details.method.rpartition("/")[2], b"".join(sent)))
            metadata = [one for one in context.invocation_metadata() if not one[0].startswith(OF_TRANSPORT)]
            try:
                yield from self._channel.stream_stream(details.method)(iter(sent), metadata=metadata, timeout=30)
            except grpc.RpcError as error:
                context.abort(error.code(), error.details())

        return grpc.stream_stream_rpc_method_handler(passed)
