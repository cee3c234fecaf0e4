"""A delivery of which too much is refused, or that is of another time, is published only when somebody says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from platform_contract import TableCounts
from raw_flights import raw_files, some_flights
from spark_preprocessing.errors import PreprocessingError
from spark_preprocessing.raw.delivery import NYCFLIGHTS13, read_delivery
from spark_preprocessing.raw.limits import LIMITS, RefusedTooMuchError, parse_limits, require_routes, require_within
from spark_site import Site

FLIGHTS = some_flights()


def _counts(rows: int, **refused: int) -> TableCounts:
    return TableCounts(rows_in=rows, refused=refused)


def test_every_table_of_which_too_much_is_refused_is_named_at_once_with_how_to_allow_it() -> None:
    tables = {
        "flights": _counts(1000, impossible_value=20, duplicate=280, cancelled=90, no_arrival_recorded=20),
        "weather": _counts(26_115, impossible_value=26_000),
        "planes": _counts(3322, impossible_value=33),
    }
    with pytest.raises(RefusedTooMuchError) as raised:
        require_within(LIMITS, tables)
    assert str(raised.value).splitlines() == [
        "More of the delivery is refused than may be; nothing was published.",
        "  flights: 300 of 1,000 rows (30.0%, at most 1.0%): duplicate 280, impossible_value 20",
        "  without_outcome: 110 of 1,000 rows (11.0%, at most 10.0%): cancelled 90, no_arrival_recorded 20",
        "  weather: 26,000 of 26,115 rows (99.6%, at most 1.0%): impossible_value 26,000",
        "Have it delivered again. If this is how the data is, say so: spark-preprocess run"
        " --allow-refused flights=0.301 --allow-refused without_outcome=0.111 --allow-refused weather=0.996",
    ]


def test_what_was_said_to_be_right_is_taken_and_nothing_beyond_it() -> None:
    limits = parse_limits(["flights=0.301", "without_outcome=0.111"])
    tables = {"flights": _counts(1000, impossible_value=300, cancelled=110)}
    require_within(limits, tables)
    with pytest.raises(RefusedTooMuchError, match="302 of 1,000"):
        require_within(limits, {"flights": _counts(1000, impossible_value=302)})
    assert limits["weather"] == LIMITS["weather"]


def test_the_deliveries_of_2013_are_within_the_limits() -> None:
    require_within(
        LIMITS,
        {
            "flights": _counts(336_776, cancelled=8255, no_arrival_recorded=1175),
            "weather": _counts(26_115, impossible_value=1),
            "airports": _counts(1458, impossible_value=1),
        },
    )


def test_routes_whose_miles_contradict_their_airports_are_too_many() -> None:
    require_routes(LIMITS, 22, 224)
    with pytest.raises(
        RefusedTooMuchError, match=r"distances of 23 of 224 routes .* in miles.* --allow-refused routes=0\.103"
    ):
        require_routes(LIMITS, 23, 224)


def test_all_words_that_are_no_limit_are_told_at_once() -> None:
    with pytest.raises(PreprocessingError) as raised:
        parse_limits(["flights=2", "weather", "gates=0.1", "planes=nan", "airports=0.5"])
    told = str(raised.value).splitlines()
    assert [line.split(":")[0] for line in told] == [
        "--allow-refused flights=2",
        "--allow-refused weather",
        "--allow-refused gates=0.1",
        "--allow-refused planes=nan",
    ]


def test_a_delivery_says_for_which_days_it_is(tmp_path: Path) -> None:
    folder = raw_files(FLIGHTS[:5]).write(tmp_path)
    assert read_delivery(str(tmp_path)) == NYCFLIGHTS13
    document = folder / "delivery.json"
    document.write_text('{"period": {"first_day": "2014-01-01", "last_day": "2015-12-31"}}')
    assert read_delivery(str(tmp_path)).period.last_day.year == 2015


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "Invalid JSON"),
        ('{"period": {"first_day": "2014-01-01"}}', "period.last_day: Field required"),
        (
            '{"period": {"first_day": "2014-02-30", "last_day": "2014-12-31"}}',
            "period.first_day: Input should be a valid date",
        ),
        (
            '{"period": {"first_day": "2014-01-02", "last_day": "2014-01-01"}}',
            "the last day .2014-01-01. is before the first",
        ),
        ('{"period": {"first_day": "2014-01-01", "last_day": "2014-12-31"}, "year": 2014}', "year: Extra inputs"),
        ('{"period": {"first_day": "2013-01-01", "last_day": "2103-12-31"}}', "period: .*2103-12-31. has not been yet"),
        ('{"period": {"first_day": "1913-01-01", "last_day": "2013-12-31"}}', "period: .*1913-01-01. is before 1970"),
    ],
)
def test_a_delivery_that_does_not_say_it_is_refused_with_an_example(tmp_path: Path, text: str, message: str) -> None:
    document = raw_files(FLIGHTS[:5]).write(tmp_path) / "delivery.json"
    document.write_text(text)
    with pytest.raises(PreprocessingError, match=rf"(?s)delivery\.json does not say .*{message}.*such as .*2013-01-01"):
        read_delivery(str(tmp_path))


def test_the_command_publishes_nothing_of_a_bad_delivery_until_it_is_told_to(site: Site) -> None:
    raw = raw_files(FLIGHTS)
    for row in raw.weather[:100]:
        row["temp"] = "9999"
    raw.write(site.raw)

    status, _, err = site.call("run")

    assert status == 2
    assert "  weather: 100 of 720 rows (13.9%, at most 1.0%): impossible_value 100" in err
    assert "--allow-refused weather=0.139" in err
    assert "Traceback" not in err
    assert not (site.dataset / "LATEST.json").exists()
    assert not list(site.dataset.glob("v-*"))
    refused = Path(site.contract.lake.quarantine) / "flight_delay"
    assert f"The refused rows are in {refused}" in err
    assert len(list(refused.glob("v-*/*.parquet"))) == 1, "so that somebody can look at them"

    status, out, err = site.call("run", "--allow-refused", "weather=0.139")

    assert status == 0, err
    summary = site.summary(out)
    assert summary["tables"]["weather"] == {"rows_in": 720, "refused": {"impossible_value": 100}}
    assert summary["tables"]["planes"] == {"rows_in": 4, "refused": {}}
    # Published is published: the next run needs to be told nothing.
    status, out, _ = site.call("run")
    assert (status, site.summary(out)["reused"]) == (0, True)
    assert json.loads((site.dataset / "LATEST.json").read_text())["version"] in summary["dataset"]
