"""From where pictures and files are fetched, and from where never."""

import os
import socket
import subprocess
import sys

import pytest
from aiohttp import AddrInfoType

from tests.core.samples import SAMPLES
from tests.harness import Running
from tests.proxy.strangers import SITE, Names, fault, fetching, redirect, reply, room, stranger
from tray_app.core.errors import Kind
from tray_app.proxy.attachments import PICTURE
from tray_app.proxy.fetcher import Door

PNG = SAMPLES["png"]

OURSELVES = [
    "127.0.0.1", "localhost", "LOCALHOST", "localhost.", "a.localhost", "[::1]", "0.0.0.0", "[::]",
    "127.1", "127.0.1", "2130706433", "0x7f.1", "0x7f000001", "0177.0.0.1", "017700000001",
    "127.0.0.1.", "127.1.2.3", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "0",
    "１２７.0.0.1", "①②⑦.0.0.1", "127。0。0。1", "127．0．0．1", "ｌｏｃａｌｈｏｓｔ",
    "[0:0:0:0:0:0:0:1]", "[::1%25lo]", "%31%32%37.0.0.1", "127.0.0.1%00.example.com",
]  # fmt: skip
METADATA = [
    "169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "[fd00:ec2::254]",
    "metadata.google.internal", "metadata", "[::ffff:169.254.169.254]", "2852039166",
]  # fmt: skip
PRIVATE = [
    "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "198.18.0.1",
    "198.19.255.255", "192.0.0.1", "192.0.2.1", "203.0.113.9", "224.0.0.1", "239.255.255.250",
    "240.0.0.1", "255.255.255.255", "0.1.2.3", "fe80::1", "fc00::1", "fd12::1", "fec0::1",
    "ff02::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::808:808", "2002:7f00:1::",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "3fff::1", "100::1", "::",
]  # fmt: skip


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", OURSELVES)
async def test_no_spelling_of_this_computer_is_fetched_from(host: str, scheme: str) -> None:
    """S79"""
    async with stranger() as inside:
        error = await fault(fetching(), inside.url("/x", host=host, scheme=scheme))

        assert (error.kind.row.status, error.kind.value) == (400, "image_url_not_allowed")
        assert inside.connections == 0


@pytest.mark.parametrize("host", METADATA)
async def test_what_a_cloud_tells_its_machines_is_not_fetched(host: str) -> None:
    """S80"""
    names = Names()

    error = await fault(fetching(names=names), f"http://{host}/latest/meta-data/")

    assert error.kind is Kind.IMAGE_URL_NOT_ALLOWED
    assert names.asked == []


@pytest.mark.parametrize("address", PRIVATE)
async def test_addresses_that_are_not_everybodys_are_not_fetched_from(address: str) -> None:
    """S81"""
    names = Names({"pictures.example": [address]})
    literal = f"[{address}]" if ":" in address else address

    for host in (literal, "pictures.example"):
        error = await fault(fetching(names=names), f"http://{host}/x.png")
        assert error.kind is Kind.IMAGE_URL_NOT_ALLOWED


@pytest.mark.parametrize(
    "address",
    [
        "http://HERE\\@8.8.8.8/", "http://8.8.8.8@HERE/", "http://a#@HERE/", "http:/HERE",
        "http:///HERE", "http:HERE", "//HERE/", "http://8.8.8.8:80@HERE/", "http://@HERE/",
        "http://127.0.0\t.1:PORT/", "http://127.0.0\n.1:PORT/", "http://\rHERE/", " http://HERE/",
        "ht\ntp://HERE/", "http://127.0.0.1.:PORT/", "http://localhost.:PORT/", "http://HERE\u200b/",
        "http://8.8.8.8\\HERE/", "http://[::ffff:127.0.0.1]:PORT/", "http://HERE/#@8.8.8.8/",
        "http://HERE?@8.8.8.8/", "http://8.8.8.8 @HERE/", "http://8.8.8.8%2f@HERE/", "", "http://",
        "http://HERE0000/", "http://127.0.0.1:0/", "http://[::1]PORT/", "http://[HERE]/",
    ],
)  # fmt: skip
async def test_an_address_that_can_be_read_in_two_ways_leads_nowhere(address: str) -> None:
    """S82"""
    async with stranger() as inside:
        here = f"127.0.0.1:{inside.port}"
        spelled = address.replace("HERE", here).replace("PORT", str(inside.port))

        error = await fault(fetching(names=Names()), spelled)

        assert error.kind is Kind.IMAGE_URL_NOT_ALLOWED
        assert inside.connections == 0


@pytest.mark.parametrize(
    "address",
    ["http://user:secret@HERE/", "http://user@HERE/", "\0http://HERE/", "http://HERE/\x7f",
     "http://HERE/a b", "http://HERE/\\x", "http://HERE/?\n"],
)  # fmt: skip
async def test_an_odd_address_of_a_public_server_leads_nowhere_either(address: str) -> None:
    """S82"""
    async with stranger() as public:
        spelled = address.replace("HERE", f"127.0.0.1:{public.port}")

        assert (await fault(fetching(public), spelled)).kind is Kind.IMAGE_URL_NOT_ALLOWED
        assert public.connections == 0


async def test_there_is_no_socket_for_what_was_not_judged() -> None:
    """S79, S85: whatever came before, no connection is made past this door."""

    async def are_fakes_usual() -> bool:
        return False

    def where(host: str, port: int) -> AddrInfoType:
        return socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port)

    names = Names({"public.example": ["8.8.8.8"], "inside.example": ["10.0.0.1"]})
    door = Door(names, lambda host, port: (host, port) == ("8.8.8.8", 80), are_fakes_usual)

    assert await door.resolve("public.example", 80)
    door.socket(where("8.8.8.8", 80)).close()
    with pytest.raises(OSError, match="not only public"):
        await door.resolve("inside.example", 80)
    for host, port in (("10.0.0.1", 80), ("8.8.8.8", 81), ("127.0.0.1", 80)):
        with pytest.raises(OSError, match="not public"):
            door.socket(where(host, port))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "place",
    [
        "http://127.0.0.1:INSIDE/", "//127.0.0.1:INSIDE/", "http://localhost:INSIDE/",
        "http://names.example:INSIDE/", "http://169.254.169.254/", "file:///etc/passwd",
        "ftp://127.0.0.1/", "data:image/png;base64,iVBORw0KGgo=", "javascript:1", "", "/\\x",
        "http://user@127.0.0.1:INSIDE/",
    ],
)  # fmt: skip
async def test_a_redirect_is_judged_like_the_first_address(place: str, status: int) -> None:
    """S83"""
    async with stranger() as public, stranger() as inside:
        place = place.replace("INSIDE", str(inside.port))
        public.answers["/a"] = redirect(place, status)
        names = Names({"names.example": ["127.0.0.1"]})

        error = await fault(fetching(public, names=names), public.url("/a"))

        assert error.kind is Kind.IMAGE_URL_NOT_ALLOWED
        assert (public.connections, inside.connections) == (1, 0)


async def test_three_redirects_are_followed_and_no_more() -> None:
    """S83"""
    async with stranger() as public:
        public.answers = {
            "/0": redirect("1"),
            "/1": redirect("/2", 307),
            "/2": redirect(public.url("/3", host="pictures.example")),
            "/3": redirect("/p.png"),
            "/p.png": reply(PNG),
            "/loop": redirect("/loop"),
        }
        names = Names({"pictures.example": ["127.0.0.1"]})

        found = await fetching(public, names=names).bring(public.url("/1"), PICTURE, room())
        four = await fault(fetching(public, names=names), public.url("/0"))
        heard = len(public.heard)
        endless = await fault(fetching(public, names=names), public.url("/loop"))

        assert (found.data, found.name) == (PNG, "p.png")
        assert four.kind is endless.kind is Kind.IMAGE_URL_NOT_ALLOWED
        assert len(public.heard) == heard + 4


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
async def test_nothing_makes_us_fetch_from_ourselves(proxy: Running, host: str) -> None:
    """S84"""
    ours = f"http://{host}:{proxy.port}/v1/models?key={proxy.key}"
    async with stranger() as public:
        public.answers["/a"] = redirect(ours)

        errors = [await fault(fetching(public), url) for url in (ours, public.url("/a"))]

    assert {error.kind for error in errors} == {Kind.IMAGE_URL_NOT_ALLOWED}
    assert all(proxy.key not in error.text for error in errors)
    assert proxy.control("key", what="list")["keys"][0]["last_used_s"] is None


WITH_A_PUBLIC_ADDRESS = """
import fcntl, socket, struct
from tray_app.proxy.fetcher import may_connect
with socket.socket() as sock:
    fcntl.ioctl(sock, 0x8914, struct.pack("16sH14x", b"lo", 0x41))
    print(may_connect("8.8.4.4", 443))
    own = struct.pack("16sH2x4s8x", b"lo", socket.AF_INET, socket.inet_aton("8.8.4.4"))
    fcntl.ioctl(sock, 0x8916, own)
print(may_connect("8.8.4.4", 443), may_connect("1.1.1.1", 443))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a network of its own")
def test_a_public_address_that_is_our_own_is_not_fetched_from() -> None:
    """S84"""
    own_network = ["unshare", "-n"] if os.getuid() == 0 else ["unshare", "-rn"]
    if subprocess.run([*own_network, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no network of its own can be made here")
    ended = subprocess.run(
        [*own_network, sys.executable, "-c", WITH_A_PUBLIC_ADDRESS],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.stdout.split() == ["True", "False", "True"], ended


WITH_NEIGHBOURS = """
ip link set lo up
ip addr add 8.8.4.4/32 dev lo
ip route add default dev lo
ip -6 addr add 2a02:8071:1234:5600::1/64 dev lo nodad
ip -6 route add default dev lo
"$0" -c '
from tray_app.proxy.fetcher import may_connect
for near in ("8.8.4.5", "8.8.4.255", "2a02:8071:1234:5600::2", "2a02:8071:1234:5600:ffff::"):
    print("near", may_connect(near, 443))
for far in ("8.8.5.4", "1.1.1.1", "2a02:8071:1234:5601::2", "2606:4700::1111"):
    print("far", may_connect(far, 443))
'
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a network of its own")
def test_neighbours_with_public_addresses_are_not_fetched_from() -> None:
    """S81, F16: in a home of today the printer has such an address as well."""
    own_network = ["unshare", "-n"] if os.getuid() == 0 else ["unshare", "-rn"]
    if subprocess.run([*own_network, "ip", "link"], capture_output=True, check=False).returncode:
        pytest.skip("no network of its own can be made here")
    ended = subprocess.run(
        [*own_network, "sh", "-ec", WITH_NEIGHBOURS, sys.executable],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.stdout.splitlines() == ["near False"] * 4 + ["far True"] * 4, ended


async def test_a_name_is_looked_up_once_and_only_what_was_judged_is_connected_to() -> None:
    """S85"""
    async with stranger() as public, stranger() as inside:
        public.answers["/p.png"] = reply(PNG)
        public.answers["/away"] = redirect("/p.png")
        names = Names({"pictures.example": ["10.0.0.1"]})
        names.next["pictures.example"] = [["127.0.0.1"], ["127.0.0.1"]]

        found = await fetching(public, names=names).bring(
            public.url("/p.png", host="pictures.example"), PICTURE, room()
        )
        error = await fault(
            fetching(public, names=names), public.url("/away", host="pictures.example")
        )

        assert found.data == PNG
        assert error.kind is Kind.IMAGE_URL_NOT_ALLOWED
        assert names.asked == ["pictures.example"] * 3
        assert (public.connections, inside.connections) == (2, 0)


@pytest.mark.parametrize("more", ["10.0.0.1", "::1", "169.254.169.254", "198.18.0.1", "odd"])
@pytest.mark.parametrize("first", [True, False])
async def test_a_name_of_which_one_address_is_private_is_not_fetched_from(
    more: str, *, first: bool
) -> None:
    """S85"""
    async with stranger() as public:
        found = [more, "127.0.0.1"] if first else ["127.0.0.1", more]
        names = Names({"pictures.example": found, SITE: ["198.18.0.1"]})

        error = await fault(fetching(public, names=names), public.url("/", host="pictures.example"))

        assert error.kind is Kind.IMAGE_URL_NOT_ALLOWED
        assert public.connections == 0


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd", "file://localhost/etc/passwd", "/etc/passwd", "C:\\x", "C:/x.png",
        "\\\\host\\share", "ftp://pictures.example/x", "gopher://pictures.example/", "x.png",
        "blob:http://pictures.example/1", "ws://pictures.example/", "about:blank", "~/x.png",
        "unix:///x.sock", "jar:http://pictures.example!/", "view-source:http://pictures.example/",
    ],
)  # fmt: skip
async def test_only_addresses_of_web_servers_are_fetched(address: str) -> None:
    """S86"""
    names = Names({"pictures.example": ["127.0.0.1"]})

    error = await fault(fetching(names=names), address)

    assert (error.kind.row.status, names.asked) == (400, [])


async def test_fake_addresses_of_names_are_used_where_the_upstream_has_one() -> None:
    """S87: what keeps tests on this machine tells which connection was tried."""
    names = Names({"pictures.example": ["198.18.0.7"], SITE: ["198.18.0.1"]})

    with pytest.raises(AssertionError, match=r"for 198\.18\.0\.7"):
        await fault(fetching(names=names), "http://pictures.example/x.png")

    literal = await fault(fetching(names=names), "http://198.18.0.7/x.png")
    names.known[SITE] = ["47.88.0.1"]
    unusual = await fault(fetching(names=names), "http://pictures.example/x.png")
    del names.known[SITE]
    unknown = await fault(fetching(names=names), "http://pictures.example/x.png")
    assert literal.text == unusual.text == unknown.text


async def test_fake_addresses_of_names_are_used_where_a_person_says_so() -> None:
    """S87: what keeps tests on this machine tells which connection was tried."""
    names = Names({
        "pictures.example": ["198.19.255.254"], "mixed.example": ["198.18.0.1", "10.0.0.1"],
        "inside.example": ["192.168.1.1"], SITE: ["47.88.0.1"],
    })  # fmt: skip
    bringing = fetching(names=names, takes_fakes=True)

    with pytest.raises(AssertionError, match=r"for 198\.19\.255\.254"):
        await fault(bringing, "http://pictures.example/x.png")

    for host in ("198.19.255.254", "mixed.example", "inside.example"):
        assert (await fault(bringing, f"http://{host}/x.png")).kind is Kind.IMAGE_URL_NOT_ALLOWED
    assert SITE not in names.asked


async def test_behind_a_proxy_names_are_the_proxys_to_look_up() -> None:
    """S88"""
    async with stranger() as proxy:
        proxy.answers["/p.png"] = reply(PNG)
        names = Names()
        bringing = fetching(names=names, proxy=f"http://127.0.0.1:{proxy.port}")

        found = await bringing.bring("http://pictures.example/p.png", PICTURE, room())

        assert found.data == PNG
        assert proxy.heard[0].startswith("GET http://pictures.example/p.png HTTP/1.1\r\n")
        assert names.asked == []


@pytest.mark.parametrize(
    "host",
    [
        *OURSELVES, *METADATA, "10.0.0.1", "[fc00::1]", "198.18.0.1", "printer.local", "a.internal",
        "router.lan", "nas", "box.home.arpa", "wiki.corp", "a.b.localdomain.", "PRINTER.LOCAL",
    ],
)  # fmt: skip
async def test_a_proxy_is_not_asked_for_what_cannot_be_public(host: str) -> None:
    """S88"""
    async with stranger() as proxy:
        bringing = fetching(names=Names(), proxy=f"http://127.0.0.1:{proxy.port}")

        error = await fault(bringing, f"http://{host}/x.png")

        assert error.kind is Kind.IMAGE_URL_NOT_ALLOWED
        assert proxy.connections == 0


async def test_a_proxy_of_another_kind_is_not_gone_around() -> None:
    async with stranger() as public, stranger() as proxy:
        bringing = fetching(public, proxy=f"socks5://127.0.0.1:{proxy.port}")

        assert (await fault(bringing, public.url("/"))).kind is Kind.IMAGE_URL_NOT_ALLOWED
        assert (public.connections, proxy.connections) == (0, 0)
