"""What is taken out of every text that a failing test leaves behind."""

import json
from urllib.parse import quote

import pytest

from tests.forge.evidence.scrub import Scrubber

SECRET = "s3cr3t/With+Signs&more="
SIGNED = "eyJfdXNlcl9pZCI6IjQifQ.awI76Q.GyQ9ha4W-ZUkRsYCdpnQvT8RQN8"
PAYLOAD = SIGNED.partition(".")[0]
PLACES = {
    "a request's header": f"GET /\nCookie: theme=dark; session={SIGNED}\n",
    "an answer's header": f"Set-Cookie: session={SIGNED}; Path=/; HttpOnly",
    "a header in Python": f"{{'Cookie': 'session={SIGNED}'}}",
    "a trace's header": json.dumps({"headers": [{"name": "cookie", "value": f"session={SIGNED}"}]}),
    "a trace's answer that sets two": json.dumps({"name": "Set-Cookie", "value": f"a=b\nsession={SIGNED}; Path=/"}),
    "a trace's cookies": json.dumps({"cookies": [{"name": "session", "value": SIGNED}]}),
    "the second line of a trace": f'{{"type":"x"}}\n{json.dumps({"cookies": [{"name": "s", "value": SIGNED}]})}',
    "a trace's log": json.dumps({"type": "log", "message": f"  cookie: session={SIGNED}"}),
    "a bearer's header": f"Authorization: Bearer {SIGNED}",
    "a signed header": f"Authorization: AWS4-HMAC-SHA256 Credential=me/x, SignedHeaders=host, Signature={SIGNED}",
    "a signed address": f"PUT http://store/key?X-Amz-Date=1&X-Amz-Signature={SIGNED}",
    "an address in a page": f'<a href="/auth?next=1&amp;code={SIGNED}">',
    "an address in an address": f"/login?next={quote(f'/callback?code={SIGNED}&state=1', safe='')}",
    "an address in JSON": f'"/callback?state=1\\u0026code={SIGNED}"',
    "a form's body": f"code={SIGNED}&grant_type=authorization_code",
    "a trace's query": json.dumps({"queryString": [{"name": "nonce", "value": SIGNED}]}),
    "a hidden field": f'<input type="hidden" value="{SIGNED}" name="state">',
    "a snapshot's hidden field": json.dumps(["INPUT", {"__playwright_value_": SIGNED, "name": "state"}]),
    "a token's answer": json.dumps({"access_token": SIGNED, "token_type": "Bearer"}),
    "an answer within a trace": json.dumps({"postData": {"text": json.dumps({"client_secret": SIGNED})}}),
}
SPELLINGS = {
    "as it is": SECRET,
    "quoted": quote(SECRET),
    "quoted with its slashes": quote(SECRET, safe=""),
    "quoted in small letters": quote(SECRET, safe="").lower().replace("with", "With").replace("signs", "Signs"),
    "quoted twice": quote(quote(SECRET, safe=""), safe=""),
    "escaped for HTML": SECRET.replace("&", "&amp;"),
    "escaped for JSON": SECRET.replace("/", "\\/"),
}


class TestASecretInItsPlace:
    @pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
    def test_is_replaced(self, place: str) -> None:
        assert SIGNED not in Scrubber().text(place)

    @pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
    def test_is_replaced_where_its_place_says_nothing(self, place: str) -> None:
        scrubber = Scrubber()
        scrubber.learn(place)
        assert SIGNED not in scrubber.text(f"It was {SIGNED} there.")

    def test_says_what_it_was(self) -> None:
        assert Scrubber().text(f"/callback?code={SIGNED}") == "/callback?code=[code-1]"


class TestACookie:
    def test_is_known_by_what_it_signs(self) -> None:
        scrubber = Scrubber()
        scrubber.learn(PLACES["a request's header"])
        assert PAYLOAD not in scrubber.text(f"{PAYLOAD}.awI99Q.another-signature")

    def test_leaves_its_attributes(self) -> None:
        shown = Scrubber().text(f"Set-Cookie: session={SIGNED}; Path=/attachments; Domain=blog.example")
        assert shown == "Set-Cookie: session=[cookie-1]; Path=/attachments; Domain=blog.example"


class TestAKnownSecret:
    @pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
    def test_is_replaced_however_it_is_spelt(self, spelling: str) -> None:
        assert Scrubber([SECRET]).text(f"the key: {spelling}.") == "the key: [secret-1]."

    def test_goes_wholly_when_another_is_a_part_of_it(self) -> None:
        assert Scrubber(["eight-or", "eight-or-more"]).text("eight-or-more") == "[secret-2]"

    def test_is_left_when_it_could_be_any_word(self) -> None:
        assert Scrubber(["small"]).text("a small app") == "a small app"


class TestTwoSecrets:
    def test_stay_two(self) -> None:
        scrubber = Scrubber()
        texts = [f"/file?token=first-{SIGNED}", f"/file?token=second-{SIGNED}", f"/again?token=first-{SIGNED}"]
        assert [scrubber.text(text) for text in texts] == [
            "/file?token=[token-1]",
            "/file?token=[token-2]",
            "/again?token=[token-1]",
        ]


class TestATextWithoutSecrets:
    @pytest.mark.parametrize(
        "text",
        [
            'headers={"Cookie": f"{self.name}={self.value}"}',
            'page.goto("/callback?code=" + code_of_the_provider)',
            '{"params": {"state": "attached", "code": "not_found"}}',
            "/blogs?page=2&order=newest-first",
        ],
    )
    def test_stays_as_it_is(self, text: str) -> None:
        assert Scrubber().text(text) == text
