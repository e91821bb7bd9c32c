"""What a network may answer a page in the hall's place, and what the page must then say."""

STRANGE = {
    "no network": lambda route: route.abort("connectionreset"),
    "a proxy's page": lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>", content_type="text/html"),
    "a page in place of the answer": lambda route: route.fulfill(status=200, body="<h1>Welcome</h1>"),
    "a proxy's JSON": lambda route: route.fulfill(status=502, json={"detail": {"reason": "down"}, "code": 7}),
    "JSON that is no object": lambda route: route.fulfill(status=200, json="ok"),
    "nothing": lambda route: route.fulfill(status=200, body=""),
    "another object": lambda route: route.fulfill(status=200, json={}),
}


def sensible(words: str) -> None:
    """Fail unless these words tell a person to try again later."""
    assert "undefined" not in words
    assert "object" not in words
    assert "请稍" in words, words
    assert "try again" in words.lower(), words
