// Express with cookie-session: the query cache of the app that Inkwell is a port of, and raw bytes.
"use strict";

const Database = require("better-sqlite3");
const cookieSession = require("cookie-session");
const express = require("express");
const { createClient } = require("redis");

const db = new Database(process.env.PEERS_DATABASE, { readonly: true });
const redis = createClient({ url: process.env.PEERS_REDIS });
const userById = db.prepare("SELECT session_epoch FROM users WHERE id = ?");
const userWithSession = db.prepare(
  "SELECT id, name, email FROM users WHERE id = ? AND session_epoch = ? AND disabled = 0",
);
const blogsByOwner = db.prepare("SELECT * FROM blogs WHERE owner_id = ? ORDER BY id DESC");

class Blog {
  constructor(document) {
    Object.assign(this, document);
  }

  static find(filter) {
    return new Query("blogs", filter);
  }
}

class Query {
  constructor(collection, filter) {
    Object.assign(this, { collection, filter, useCache: false });
  }

  cache({ key }) {
    this.useCache = true;
    this.hashKey = JSON.stringify(key);
    return this;
  }

  async exec() {
    if (!this.useCache) return rows(this.filter.owner_id);
    const key = JSON.stringify({ ...this.filter, collection: this.collection });
    const kept = await redis.hGet(this.hashKey, key);
    if (kept) return JSON.parse(kept).map((document) => new Blog(document));
    const found = rows(this.filter.owner_id);
    await redis.hSet(this.hashKey, key, JSON.stringify(found));
    return found;
  }
}

function rows(owner) {
  return blogsByOwner.all(owner).map((row) => ({
    id: row.id,
    title: row.title,
    content: row.content,
    version: row.version,
    created_at: `${row.created_at.replace(" ", "T")}Z`,
    updated_at: `${row.updated_at.replace(" ", "T")}Z`,
    attachment: null,
  }));
}

function requireLogin(request, response, next) {
  request.user = userWithSession.get(request.session.user ?? 0, request.session.epoch ?? 0);
  if (!request.user) return response.status(401).send({ error: "You must log in!" });
  next();
}

const app = express();
app.use(cookieSession({ name: "session", keys: [process.env.PEERS_SECRET], maxAge: 30 * 24 * 3600 * 1000 }));

app.get("/login/:user", (request, response) => {
  const user = Number(request.params.user);
  request.session = { user, epoch: userById.get(user).session_epoch };
  response.send("");
});

app.get("/cached", requireLogin, async (request, response) => {
  const owner = request.user.id;
  response.send(await Blog.find({ owner_id: owner }).cache({ key: owner }).exec());
});

app.get("/raw", requireLogin, async (request, response) => {
  const key = `blogs/${request.user.id}`;
  let document = await redis.get(key);
  if (document === null) {
    document = JSON.stringify(rows(request.user.id));
    await redis.set(key, document, { EX: 3600 });
  }
  response.writeHead(200, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(document) });
  response.end(document);
});

app.get("/uncached", requireLogin, (request, response) => {
  response.send(rows(request.user.id));
});

redis.connect().then(() => app.listen(Number(process.env.PORT), "127.0.0.1"));
