/*
 * Azurite, which finds a blob by its name: NODE_OPTIONS=--require=this file.
 *
 * LokiJS takes the index of the first property of a query and goes through what that leaves. Azurite names the account
 * first, which all blobs share, so each of its requests goes through all of them; Azure's storage does not.
 */

const { realpathSync } = require("node:fs");
const { createRequire } = require("node:module");

const { Collection } = createRequire(realpathSync(process.argv[1]))("lokijs");
const findOne = Collection.prototype.findOne;

Collection.prototype.findOne = function (query) {
  return findOne.call(this, query?.name === undefined ? query : { name: query.name, ...query });
};
