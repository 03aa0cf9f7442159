"""Rules 32, 33, 34, 39 and 53: what is slow, or too much, costs whoever sent it and nobody else."""

from dev.sabotage.entry import Sabotage

OIDC = "app/auth/oidc.py"
DISCOVERY = "app/auth/discovery.py"
EXCHANGE = "app/auth/exchange.py"
BODIES = "app/web/bodies.py"
UPLOADS = "app/storage/routes.py"
POOL = "app/images/pool.py"

OF_OIDC = ("tests/unit/auth/test_oidc.py",)
OF_BODIES = ("tests/unit/web/test_bodies.py",)
OF_POOL = ("tests/unit/images/test_pool.py",)
OF_ATTACKS = ("tests/e2e/test_isolation.py",)
OF_VALUES = ("tests/unit/cache/test_stored_value.py",)

SABOTAGES = (
    Sabotage(
        "everybody waits for a silent provider",
        rule=32,
        file=OIDC,
        take_out="WAITING_AT_ONCE = 2\n",
        put="WAITING_AT_ONCE = 8\n",
        tests=OF_OIDC,
    ),
    Sabotage(
        "a provider that does not answer is asked again and again",
        rule=32,
        file=OIDC,
        take_out="        if not self._breaker.may_probe():\n            raise ProviderUnavailable\n",
        put="",
        tests=OF_OIDC,
    ),
    Sabotage(
        "a provider's refusals keep everybody out",
        rule=32,
        file=OIDC,
        take_out="        except NoAnswer as error:\n",
        put="        except Exception as error:\n",
        tests=OF_OIDC,
    ),
    Sabotage(
        "a login waits while the provider is asked anew",
        rule=32,
        file=DISCOVERY,
        take_out="            with self._lock:\n                self._begin()\n        return known\n",
        put="            return None\n        return known\n",
        tests=OF_OIDC,
    ),
    Sabotage(
        "what a provider says of itself counts for ever",
        rule=32,
        file=DISCOVERY,
        take_out="FRESH_SECONDS = 3600\n",
        put="FRESH_SECONDS = 10**9\n",
        tests=OF_OIDC,
    ),
    Sabotage(
        "each login asks a failing provider anew",
        rule=32,
        file=DISCOVERY,
        take_out=" and now - self._begun_at > RETRY_SECONDS:",
        put=":",
        tests=OF_OIDC,
    ),
    Sabotage(
        "each of those who wait asks the provider for itself",
        rule=32,
        file=DISCOVERY,
        take_out="        if self._fetch.done():\n            self._begun_at",
        put="        if True:\n            self._begun_at",
        tests=OF_OIDC,
    ),
    Sabotage(
        "a body may take for ever",
        rule=33,
        file=BODIES,
        take_out="                    if time.monotonic() > until:\n",
        put="                    if False:\n",
        tests=OF_BODIES,
    ),
    Sabotage(
        "a body at the least speed is given up",
        rule=33,
        file=BODIES,
        take_out=" + self._received / BYTES_PER_SECOND\n",
        put="\n",
        tests=OF_BODIES,
    ),
    Sabotage(
        "no body is watched",
        rule=33,
        file="app/web/middleware.py",
        take_out='            environ["wsgi.input"] = Body(environ["wsgi.input"], environ[SOCKET])\n',
        put="            pass\n",
        tests=OF_ATTACKS,
    ),
    Sabotage(
        "slow uploads hold every thread",
        rule=33,
        file=UPLOADS,
        take_out="UPLOADS_AT_ONCE = 4\n",
        put="UPLOADS_AT_ONCE = 400\n",
        tests=OF_ATTACKS,
    ),
    Sabotage(
        "a user who fills the image pool keeps the others out",
        rule=34,
        file=POOL,
        take_out="            if last is None or jobs[job.user_id] + 1 >= jobs[last.user_id]:\n",
        put="            if True:\n",
        tests=OF_POOL,
    ),
    Sabotage(
        "a user's images are all made before another's",
        rule=34,
        file=POOL,
        take_out="        return job is min(self._waiting, key=lambda each: self._last_run.get(each.user_id, -1))\n",
        put="        return job is self._waiting[0]\n",
        tests=OF_POOL,
    ),
    Sabotage(
        "a busy image pool fills the log with tracebacks",
        rule=34,
        file="app/error_handlers.py",
        take_out="    if status == 503 and isinstance(error, InkwellError):\n",
        put="    if False:\n",
        tests=OF_ATTACKS,
    ),
    Sabotage(
        "a cached value of somebody without the key is served",
        rule=39,
        file="app/cache/stored_value.py",
        take_out="blake2b(content, key=self._key, digest_size=16)",
        put="blake2b(content, digest_size=16)",
        tests=OF_VALUES,
    ),
    Sabotage(
        "a secret is sent in a header that the provider does not take",
        rule=53,
        file=DISCOVERY,
        take_out="        if isinstance(offered, list) and method in offered:\n",
        put="        if True:\n",
        tests=OF_OIDC,
    ),
    Sabotage(
        "a secret with odd characters is another one to the provider",
        rule=53,
        file=EXCHANGE,
        take_out='pair = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret)}"',
        put='pair = f"{client.client_id}:{client.client_secret}"',
        tests=OF_OIDC,
    ),
)
