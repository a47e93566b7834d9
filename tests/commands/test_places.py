"""Every country can be asked by code or name; a word that is none gets the nearest that is."""

import pytest

from bench.chips.names import plain
from bench.errors import UsageError
from bench.rules.load import rulebook

PLACES = rulebook().places
ISO_3166 = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR "
    "BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ "
    "EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW "
    "GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY "
    "KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV "
    "MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY "
    "QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG "
    "TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM "
    "ZW "
)


def test_every_country_of_iso_3166_1_is_listed_and_no_other() -> None:
    assert list(PLACES.countries) == ISO_3166.split()
    assert len(PLACES.countries) == 249


def test_every_name_finds_its_country() -> None:
    for code, country in PLACES.countries.items():
        for name in (code, country.name, *country.also):
            assert PLACES.find(f" {name.upper()} ") == code
            assert name == " ".join(name.split())


def test_no_name_is_listed_twice() -> None:
    for code, country in PLACES.countries.items():
        names = [plain(name) for name in (code, country.name, *country.also)]
        assert len(set(names)) == len(names), code


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("Myanmar", "MM"), ("burma", "MM"), ("Ivory Coast", "CI"), ("cote d'ivoire", "CI"),
        ("Czech Republic", "CZ"), ("UK", "GB"), ("South Korea", "KR"), ("Republic of Korea", "KR"),
        ("DPRK", "KP"), ("congo", "CG"), ("DRC", "CD"), ("Vatican", "VA"), ("Türkiye", "TR"),
        ("turkey", "TR"), ("Ｃｈｉｎａ", "CN"), ("Iran, Islamic Republic of", "IR"), ("NO", "NO"),
        ("eswatini", "SZ"), ("Greenland", "GL"), ("Viet  Nam", "VN"), ("新加坡", "SG"),
    ],
)  # fmt: skip
def test_a_country_has_its_common_names(word: str, code: str) -> None:
    assert PLACES.find(word) == code


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("Chna", "did you mean 'china' or 'chad' or 'ghana'?"),
        ("Swizerland", "did you mean 'switzerland' or 'swaziland' or 'ireland'?"),
        ("XX", "did you mean 'sx' or 'mx' or 'cx'?"),
    ],
)
def test_a_word_that_is_no_country_gets_the_nearest(word: str, near: str) -> None:
    with pytest.raises(UsageError) as error:
        PLACES.find(word)
    assert str(error.value) == f"no destination {word!r} in specs/destinations.yaml: {near}"
