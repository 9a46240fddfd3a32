import { randomBytes } from "node:crypto";
import express from "express";
import session from "express-session";
import { progress } from "./progress.mjs";

const app = express();
app.use(session({ secret: randomBytes(32).toString("hex"), resave: false, saveUninitialized: false, cookie: { sameSite: "lax" } }));
app.post("/login", (req, res) => {
  req.session.learner = req.query.learner;
  req.session.csrfToken = randomBytes(16).toString("hex");
  res.send(req.session.csrfToken);
});
app.use("/progress", progress);
app.listen(Number(process.env.PORT), "127.0.0.1");
