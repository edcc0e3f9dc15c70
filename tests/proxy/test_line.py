"""Who is next."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from tray_app.core.ports import QueueClass
from tray_app.proxy.line import PATIENT_TURNS, Line


class Somebody(Struct, frozen=True):
    key: str
    number: int

    @property
    def queue(self) -> QueueClass:
        return "background" if self.key in "yz" else "interactive"


CROWDS = st.lists(st.sampled_from("abcyz"), max_size=40).map(
    lambda keys: [Somebody(key, number) for number, key in enumerate(keys)]
)


def line(crowd: list[Somebody]) -> Line[Somebody]:
    made: Line[Somebody] = Line()
    for one in crowd:
        made.add(one)
    return made


@given(CROWDS)
def test_what_is_told_beforehand_is_what_comes(crowd: list[Somebody]) -> None:
    made = line(crowd)
    told = made.order()

    assert told == [made.next() for _ in crowd]
    assert sorted(told, key=lambda one: one.number) == crowd
    assert (len(made), made.order()) == (0, [])


@given(CROWDS)
def test_each_key_keeps_its_order_and_none_is_left_out(crowd: list[Somebody]) -> None:
    keys = {one.key for one in crowd}
    order = line(crowd).order()
    for key in keys:
        own = [one.number for one in order if one.key == key]
        assert own == sorted(own)
    others = [one for one in order if one.queue == "interactive"]
    rows = [sum(one.key == two.key for two in others[:at]) for at, one in enumerate(others)]

    # Nobody has a turn more than one earlier than anybody who still waits for one.
    assert rows == sorted(rows)


@given(CROWDS)
def test_the_background_waits_for_some_and_not_for_all(crowd: list[Somebody]) -> None:
    order = [one.queue for one in line(crowd).order()]
    in_a_row = 0
    for at, queue in enumerate(order):
        if queue == "interactive":
            in_a_row += "background" in order[at:]
            assert in_a_row <= PATIENT_TURNS
        else:
            assert in_a_row == PATIENT_TURNS or "interactive" not in order[at:]
            in_a_row = 0


@given(CROWDS, st.data())
def test_who_goes_changes_nothing_for_the_others_of_the_key(
    crowd: list[Somebody], data: st.DataObject
) -> None:
    gone = data.draw(st.lists(st.sampled_from(crowd))) if crowd else []
    made = line(crowd)
    for one in gone:
        made.remove(one)
    left = [one for one in crowd if one not in gone]

    assert set(made) == set(left)
    assert len(made) == len(left)
    for key in {one.key for one in left}:
        own = [one for one in left if one.key == key]
        assert [one for one in made.order() if one.key == key] == own


def test_who_might_come_is_told_a_place_and_does_not_get_it() -> None:
    made = line([Somebody("a", 0), Somebody("a", 1), Somebody("z", 2)])
    newcomer = Somebody("b", 3)

    assert [one.number for one in made.order(newcomer)] == [0, 3, 1, 2]
    assert newcomer not in set(made)
    made.clear()
    assert len(made) == 0


def test_who_is_put_back_stands_before_those_of_the_key_who_come_later() -> None:
    made = line([Somebody("a", 1), Somebody("b", 2), Somebody("a", 4), Somebody("a", 5)])
    made.put_back(Somebody("a", 3), lambda other: other.number > 3)
    made.put_back(Somebody("c", 6), lambda other: other.number > 6)

    assert [one.number for one in made.order()] == [1, 2, 6, 3, 4, 5]
