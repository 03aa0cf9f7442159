"""Which paths lead to a page of this site."""

import pytest

from app.web.paths import local_path


class TestAPathToGoOnTo:
    @pytest.mark.parametrize("path", ["/", "/blogs", "/blogs/7/edit", "/blogs?page=2#top", "/a//b", "/%2e%2e/x"])
    def test_may_lead_anywhere_on_this_site(self, path: str) -> None:
        assert local_path(path) == path

    @pytest.mark.parametrize(
        "path",
        [
            None,
            "",
            "blogs",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "\t//evil.example",
            " //evil.example",
            "https://evil.example",
            "https:evil.example",
            "javascript:alert(1)",
            "/\x00",
            "/é",
            "/./",
            "/../auth/logout",
            "/auth/logout",
            "/" + "a" * 600,
        ],
    )
    def test_may_lead_nowhere_else(self, path: str | None) -> None:
        assert local_path(path) is None
