"""The words of the captions: nouns, adjectives, and which actions make sense with which of them.

In the tables a name of several words has underscores, and a weak noun stands with its oblique form ("Junge>Jungen").
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from workbench.translation.data.grammar import ACCUSATIVE, BARE, DATIVE, THE, A, Link, Noun, Text, Verb


def nouns(kind: str, table: str) -> list[Noun]:
    """Read a table of German singular, gender, German plural, English singular and plural, and perhaps a possessive."""
    return [_noun(kind, *row.split()) for row in table.strip().splitlines()]


def _noun(kind: str, german: str, gender: str, plural: str, english: str, english_plural: str, owner: str = "") -> Noun:
    german, _, oblique = german.partition(">")
    possessive = owner or ({"m": "his", "f": "her", "n": ""}[gender] if kind in ("adult", "child") else "its")
    english, english_plural = english.replace("_", " "), english_plural.replace("_", " ")
    return Noun(kind, german, oblique or german, gender, plural, english, english_plural, possessive)


def texts(table: str) -> list[Text]:
    """Read a table of German and English, one pair a line."""
    return [Text(*(side.strip() for side in row.split("|"))) for row in table.strip().splitlines()]


ADULTS = nouns(
    "adult",
    """
    Mann m Männer man men
    Frau f Frauen woman women
    Arbeiter m Arbeiter worker workers
    Lehrerin f Lehrerinnen teacher teachers
    Koch m Köche cook cooks
    Polizist>Polizisten m Polizisten police_officer police_officers
    Student>Studenten m Studenten student students
    Verkäuferin f Verkäuferinnen saleswoman saleswomen
    Bauer>Bauern m Bauern farmer farmers
    Sängerin f Sängerinnen singer singers
    Tourist>Touristen m Touristen tourist tourists
    Künstlerin f Künstlerinnen artist artists
    Sportler m Sportler athlete athletes
    Mutter f Mütter mother mothers
    Vater m Väter father fathers
    Nachbar>Nachbarn m Nachbarn neighbor neighbors
    """,
)
CHILDREN = nouns(
    "child",
    """
    Junge>Jungen m Jungen boy boys
    Mädchen n Mädchen girl girls her
    Kind n Kinder child children
    Schülerin f Schülerinnen schoolgirl schoolgirls
    """,
)
PETS = nouns("animal", "Hund m Hunde dog dogs\nKatze f Katzen cat cats\nKaninchen n Kaninchen rabbit rabbits")
ANIMALS = [*PETS, *nouns("animal", "Pferd n Pferde horse horses\nAffe>Affen m Affen monkey monkeys")]
BIRDS = nouns("animal", "Möwe f Möwen seagull seagulls\nEnte f Enten duck ducks")
PEOPLE = [*ADULTS, *CHILDREN]
DOGS = PETS[:1]

CLOTHES = nouns(
    "thing",
    """
    Jacke f Jacken jacket jackets
    Hemd n Hemden shirt shirts
    Mantel m Mäntel coat coats
    Schal m Schals scarf scarves
    Hut m Hüte hat hats
    Mütze f Mützen cap caps
    Helm m Helme helmet helmets
    """,
)
HEADGEAR = CLOTHES[4:]
TOYS = nouns(
    "thing",
    """
    Ball m Bälle ball balls
    Reifen m Reifen tire tires
    Puppe f Puppen doll dolls
    Luftballon m Luftballons balloon balloons
    Drachen m Drachen kite kites
    """,
)
BALLS = [TOYS[0], *nouns("find", "Stock m Stöcke stick sticks")]
FOOD = nouns(
    "food",
    """
    Apfel m Äpfel apple apples
    Banane f Bananen banana bananas
    Kuchen m Kuchen cake cakes
    Pizza f Pizzen pizza pizzas
    Brezel f Brezeln pretzel pretzels
    Birne f Birnen pear pears
    Keks m Kekse cookie cookies
    Ei n Eier egg eggs
    """,
)
DRINKS = nouns(  # never in the plural
    "drink",
    """
    Kaffee m - coffee -
    Tee m - tea -
    Wasser n - water -
    Saft m - juice -
    Milch f - milk -
    """,
)
READING = nouns(
    "plain",
    """
    Buch n Bücher book books
    Zeitung f Zeitungen newspaper newspapers
    Brief m Briefe letter letters
    Karte f Karten map maps
    """,
)
INSTRUMENTS = nouns(
    "plain",
    """
    Gitarre f Gitarren guitar guitars
    Geige f Geigen violin violins
    Trommel f Trommeln drum drums
    Flöte f Flöten flute flutes
    Trompete f Trompeten trumpet trumpets
    Klavier n Klaviere piano pianos
    """,
)
BIKES = nouns("thing", "Fahrrad n Fahrräder bike bikes\nRoller m Roller scooter scooters")
MOTORCYCLES = nouns("thing", "Motorrad n Motorräder motorcycle motorcycles")
CARS = nouns("thing", "Auto n Autos car cars\nTraktor m Traktoren tractor tractors")
BUILDINGS = nouns(
    "building",
    """
    Haus n Häuser house houses
    Kirche f Kirchen church churches
    Turm m Türme tower towers
    Brücke f Brücken bridge bridges
    """,
)
OPENINGS = nouns("thing", "Tür f Türen door doors\nFenster n Fenster window windows\nKiste f Kisten box boxes")
WALLS = nouns("thing", "Wand f Wände wall walls\nZaun m Zäune fence fences")
REPAIRS = nouns(
    "thing",
    "Dach n Dächer roof roofs\nUhr f Uhren clock clocks\nLampe f Lampen lamp lamps\nStuhl m Stühle chair chairs",
)
LOADS = nouns(
    "thing",
    """
    Korb m Körbe basket baskets
    Koffer m Koffer suitcase suitcases
    Tasche f Taschen bag bags
    Leiter f Leitern ladder ladders
    Eimer m Eimer bucket buckets
    Tisch m Tische table tables
    Teppich m Teppiche carpet carpets
    """,
)
CARTS = nouns(
    "thing", "Wagen m Wagen cart carts\nSchlitten m Schlitten sled sleds\nKinderwagen m Kinderwagen stroller strollers"
)
SIGNS = nouns(
    "thing",
    """
    Fahne f Fahnen flag flags
    Schild n Schilder sign signs
    Regenschirm m Regenschirme umbrella umbrellas
    Kamera f Kameras camera cameras
    """,
)
CANDLES = nouns("thing", "Kerze f Kerzen candle candles")
PICTURES = nouns("plain", "Bild n Bilder picture pictures")
FLOWERS = nouns("flower", "Blume f Blumen flower flowers")
VEGETABLES = nouns(
    "food", "Tomate f Tomaten tomato tomatoes\nKartoffel f Kartoffeln potato potatoes\nZwiebel f Zwiebeln onion onions"
)
DISHES = nouns("dish", "Suppe f Suppen soup soups\nFisch m Fische fish fish")
FINDS = nouns("find", "Münze f Münzen coin coins\nBlatt n Blätter leaf leaves\nMuschel f Muscheln shell shells")
BUILDS = nouns("find", "Schneemann m Schneemänner snowman snowmen\nSandburg f Sandburgen sandcastle sandcastles")
STREETS = nouns(
    "place", "Straße f Straßen street streets\nWiese f Wiesen meadow meadows\nBrücke f Brücken bridge bridges"
)
WOODS = nouns("place", "Wald m Wälder forest forests\nPark m Parks park parks\nTunnel m Tunnel tunnel tunnels")
HURDLES = nouns("thing", "Zaun m Zäune fence fences\nMauer f Mauern wall walls\nPfütze f Pfützen puddle puddles")
WATERS = nouns("place", "See m Seen lake lakes\nFluss m Flüsse river rivers")
HEIGHTS = nouns("place", "Baum m Bäume tree trees\nBerg m Berge mountain mountains\nFelsen m Felsen rock rocks")
STOPS = nouns(
    "place",
    """
    Bahnhof m Bahnhöfe station stations
    Markt m Märkte market markets
    Strand m Strände beach beaches
    Haltestelle f Haltestellen bus_stop bus_stops
    """,
)
DOORS = nouns("building", "Haus n Häuser house houses\nLaden m Läden store stores\nKirche f Kirchen church churches")
RIDES = nouns("thing", "Bus m Busse bus buses\nZug m Züge train trains")
SEATS = nouns(
    "thing",
    """
    Bank f Bänke bench benches
    Mauer f Mauern wall walls
    Decke f Decken blanket blankets
    Treppe f Treppen staircase staircases
    """,
)
BEDS = nouns("thing", "Sofa n Sofas couch couches\nBett n Betten bed beds\nDecke f Decken blanket blankets")
ROOMS = nouns(
    "place", "Küche f Küchen kitchen kitchens\nZimmer n Zimmer room rooms\nWerkstatt f Werkstätten workshop workshops"
)

ADJECTIVES = {  # by the kind of noun
    "adult": texts("jung|young\nalt|old\ngroß|tall\nmüd|tired\nfröhlich|cheerful\nstolz|proud\nblond|blond"),
    "child": texts("klein|little\nmüd|tired\nfröhlich|cheerful\nstolz|proud\nblond|blond"),
    "animal": texts("klein|little\ngroß|big\nbraun|brown\nschwarz|black\nweiß|white\nnass|wet"),
    "thing": texts(
        "rot|red\nblau|blue\ngrün|green\ngelb|yellow\nschwarz|black\nweiß|white\nalt|old\nneu|new\nklein|small\ngroß|big"
    ),
    "plain": texts("alt|old\nneu|new\nklein|small\ngroß|big"),
    "find": texts("klein|small\ngroß|big\nschön|beautiful"),
    "flower": texts("rot|red\ngelb|yellow\nweiß|white\nschön|beautiful"),
    "group": texts("klein|small\ngroß|large"),
    "food": texts("groß|big\nklein|small\nlecker|tasty\nfrisch|fresh"),
    "drink": texts("kalt|cold\nwarm|warm"),
    "dish": texts("lecker|tasty\nheiß|hot"),
    "place": texts("klein|small\ngroß|big\nschön|beautiful"),
    "building": texts("klein|small\ngroß|big\nschön|beautiful\nalt|old"),
}
NUMBERS = texts("zwei|two\ndrei|three\nvier|four\neinige|some\nmehrere|several")


class Place(NamedTuple):
    """A preposition with its noun."""

    link: Link
    noun: Noun


def places(table: str) -> list[Place]:
    """Read a table of preposition, noun, gender, English preposition and English noun; all take the dative."""
    rows = [row.split() for row in table.strip().splitlines()]
    return [
        Place(Link(german, "dat", preposition.replace("_", " ")), _noun("place", noun, gender, "-", english, "-"))
        for german, noun, gender, preposition, english in rows
    ]


OUTSIDE = places(
    """
    in Park m in park
    in Garten m in garden
    in Wald m in forest
    auf Straße f on street
    an Strand m on beach
    an See m by lake
    an Fluss m by river
    auf Wiese f in meadow
    auf Spielplatz m on playground
    vor Haus n in_front_of house
    neben Brunnen m next_to fountain
    auf Brücke f on bridge
    """
)
INSIDE = places(
    """
    in Küche f in kitchen
    in Zimmer n in room
    in Bibliothek f in library
    in Restaurant n in restaurant
    in Café n in café
    in Schule f in school
    in Museum n in museum
    in Büro n in office
    in Zug m on train
    """
)
STAGE = places("auf Bühne f on stage\nin Theater n in theater")
AT_WORK = places("in Werkstatt f in workshop\nhinter Haus n behind house\nin Garage f in garage\nin Hof m in yard")
AT_HOME = places("in Küche f in kitchen\nin Zimmer n in room\nin Garten m in garden\nan Tisch m at table")
ROOMS_INSIDE = INSIDE[:-1]
KITCHEN = places("in Küche f in kitchen\nin Restaurant n in restaurant")
SHOP = places("in Laden m in store\nauf Markt m at market")
PARKS = OUTSIDE[:3]
ANYWHERE = [*OUTSIDE, *INSIDE]

TIMES = texts(
    """
    am Morgen | in the morning
    am Nachmittag | in the afternoon
    am Abend | in the evening
    in der Nacht | at night
    nach der Arbeit | after work
    vor dem Frühstück | before breakfast
    an einem kalten Tag | on a cold day
    heute | today
    """
)
WEATHER = texts(
    """
    im Regen | in the rain
    im Schnee | in the snow
    an einem sonnigen Tag | on a sunny day
    bei Sonnenuntergang | at sunset
    im Sommer | in summer
    """
)


class Action(NamedTuple):
    """A verb with all that makes sense with it. Without objects it stands alone; without places none is added."""

    verb: Verb
    who: Sequence[Noun]
    objects: Sequence[Noun]
    places: Sequence[Place]
    link: Link
    articles: tuple[Text, ...]
    plural: bool  # whether there may be several objects
    own: bool  # whether they may be the subject's own; then several have one each


def verb(german: str, english: str) -> Verb:
    """Read "zieht+an ziehen angezogen" and "put_on putting_on put_on"; "sich" makes it reflexive."""
    singular, stem, participle = german.removeprefix("sich ").split()
    singular, _, prefix = singular.partition("+")
    base, progressive, done = (form.replace("_", " ") for form in english.split())
    return Verb(singular, stem, prefix, participle, base, progressive, done, german.startswith("sich "))


# Ties between verb and noun. English needs no preposition where the third is empty.
ONTO, ABOARD, INTO, OVER, ACROSS, THROUGH, FOR, POINT = (
    Link(german, "acc", english)
    for german, english in texts("auf|\nin|\nin|into\nüber|over\nüber|across\ndurch|through\nauf|for\nauf|at")
)
AT, OFF, IN, ON, TO, OUT_OF, WITH, TALK, IN_FRONT, BESIDE = (
    Link(german, "dat", english)
    for german, english in texts(
        "auf|\naus|\nin|in\nauf|on\nzu|to\naus|out of\nmit|with\nmit|to\nvor|in front of\nneben|next to"
    )
)
MASS, ALONE = (BARE,), (Text("", "the"),)  # "Kaffee", "coffee"; "Gitarre", "the guitar"


def action(
    german: str,
    english: str,
    who: Sequence[Noun],
    objects: Sequence[Noun] = (),
    places: Sequence[Place] = (),
    link: Link = ACCUSATIVE,
    articles: tuple[Text, ...] = (A, A, THE),
    plural: bool = True,
    own: bool = False,
) -> Action:
    """An action, with its verb as `verb` reads it."""
    return Action(verb(german, english), who, objects, places, link, articles, plural, own)


def move(
    german: str,
    english: str,
    who: Sequence[Noun],
    goals: Sequence[Noun],
    link: Link,
    places: Sequence[Place] = (),
    own: bool = False,
) -> Action:
    """An action with one goal or place for all who do it."""
    return action(german, english, who, goals, places, link, plural=False, own=own)


ACTIVITIES = [  # transitive: each may be passive, and each thing can be wanted and done
    action("liest lesen gelesen", "read reading read", PEOPLE, READING, [*PARKS, *INSIDE]),
    action("isst essen gegessen", "eat eating eaten", PEOPLE, FOOD, ANYWHERE),
    action("wirft werfen geworfen", "throw throwing thrown", PEOPLE, BALLS, OUTSIDE),
    action("fängt fangen gefangen", "catch catching caught", [*PEOPLE, *DOGS], BALLS, OUTSIDE),
    action(
        "repariert reparieren repariert",
        "repair repairing repaired",
        ADULTS,
        [*BIKES, *MOTORCYCLES, *CARS, *REPAIRS],
        AT_WORK,
        own=True,
    ),
    action(
        "wäscht waschen gewaschen",
        "wash washing washed",
        PEOPLE,
        [*BIKES, *MOTORCYCLES, *CARS, *OPENINGS[1:2], *DOGS],
        AT_WORK,
        own=True,
    ),
    action("streicht streichen gestrichen", "paint painting painted", ADULTS, [*WALLS, *OPENINGS], AT_WORK),
    action("trägt tragen getragen", "carry carrying carried", PEOPLE, LOADS, OUTSIDE),
    action("schiebt schieben geschoben", "push pushing pushed", PEOPLE, [*CARTS, *BIKES], OUTSIDE),
    action("zieht ziehen gezogen", "pull pulling pulled", PEOPLE, CARTS[:2], OUTSIDE),
    action("zieht+an ziehen angezogen", "put_on putting_on put_on", PEOPLE, CLOTHES[:4], INSIDE, own=True),
    action("zieht+aus ziehen ausgezogen", "take_off taking_off taken_off", PEOPLE, CLOTHES[:4], INSIDE, own=True),
    action("setzt+auf setzen aufgesetzt", "put_on putting_on put_on", PEOPLE, HEADGEAR, OUTSIDE, own=True),
    action("probiert+an probieren anprobiert", "try_on trying_on tried_on", PEOPLE, CLOTHES, SHOP[:1]),
    action("hebt+auf heben aufgehoben", "pick_up picking_up picked_up", PEOPLE, [*FINDS, *BALLS], OUTSIDE),
    action("hält+hoch halten hochgehalten", "hold_up holding_up held_up", PEOPLE, [*SIGNS, *FLOWERS], OUTSIDE),
    action("macht+auf machen aufgemacht", "open opening opened", PEOPLE, OPENINGS, AT_WORK),
    action("macht+zu machen zugemacht", "close closing closed", PEOPLE, OPENINGS, AT_WORK),
    action("zündet+an zünden angezündet", "light lighting lit", ADULTS, CANDLES, ROOMS_INSIDE),
    action("bläst+aus blasen ausgeblasen", "blow_out blowing_out blown_out", PEOPLE, CANDLES, ROOMS_INSIDE),
    action(
        "hängt+auf hängen aufgehängt", "hang_up hanging_up hung_up", ADULTS, [*PICTURES, *REPAIRS[1:3]], ROOMS_INSIDE
    ),
    action("räumt+auf räumen aufgeräumt", "tidy_up tidying_up tidied_up", PEOPLE, ROOMS, plural=False),
    action("malt malen gemalt", "paint painting painted", PEOPLE, PICTURES, [*PARKS, *INSIDE]),
    action("schneidet schneiden geschnitten", "cut cutting cut", PEOPLE, [*VEGETABLES, *FOOD[:4]], KITCHEN),
    action("kocht kochen gekocht", "cook cooking cooked", ADULTS, [*DISHES[:1], *FOOD[7:]], KITCHEN),
    action("verkauft verkaufen verkauft", "sell selling sold", ADULTS, [*FOOD, *VEGETABLES, *FLOWERS], SHOP),
    action("kauft kaufen gekauft", "buy buying bought", PEOPLE, [*FOOD, *VEGETABLES, *CLOTHES], SHOP),
    action(
        "fotografiert fotografieren fotografiert",
        "photograph photographing photographed",
        ADULTS,
        [*BUILDINGS, *ANIMALS],
    ),
    action("füttert füttern gefüttert", "feed feeding fed", PEOPLE, [*ANIMALS, *BIRDS], OUTSIDE),
    action("streichelt streicheln gestreichelt", "pet petting petted", PEOPLE, ANIMALS, OUTSIDE),
    action("baut bauen gebaut", "build building built", CHILDREN, BUILDS),
    action("gießt gießen gegossen", "water watering watered", PEOPLE, FLOWERS, AT_HOME[2:3]),
    action("sucht suchen gesucht", "look_for looking_for looked_for", PEOPLE, [*FINDS, *BALLS, *PETS], OUTSIDE),
]
OTHERS = [  # with a preposition, without an article, or without an object
    action(
        "trinkt trinken getrunken", "drink drinking drunk", ADULTS, DRINKS, ANYWHERE, ACCUSATIVE, MASS, plural=False
    ),
    action(
        "trinkt trinken getrunken",
        "drink drinking drunk",
        CHILDREN,
        DRINKS[2:],
        ANYWHERE,
        ACCUSATIVE,
        MASS,
        plural=False,
    ),
    action(
        "spielt spielen gespielt", "play playing played", PEOPLE, INSTRUMENTS, STAGE, ACCUSATIVE, ALONE, plural=False
    ),
    action("spielt spielen gespielt", "play playing played", PEOPLE, INSTRUMENTS[:5], OUTSIDE, AT, own=True),
    action("spielt spielen gespielt", "play playing played", CHILDREN, TOYS, OUTSIDE, WITH),
    action("spielt spielen gespielt", "play playing played", DOGS, TOYS[:3], OUTSIDE, WITH),
    action("spricht sprechen gesprochen", "talk talking talked", PEOPLE, PEOPLE, ANYWHERE, TALK),
    action("wartet warten gewartet", "wait waiting waited", PEOPLE, RIDES, (), FOR, plural=False),
    action("zeigt zeigen gezeigt", "point pointing pointed", PEOPLE, [*HEIGHTS, *BUILDINGS], (), POINT),
    action("hilft helfen geholfen", "help helping helped", PEOPLE, PEOPLE, AT_HOME, DATIVE),
    action("sich sieht+an sehen angesehen", "look_at looking_at looked_at", PEOPLE, [*PICTURES, *READING[3:]], INSIDE),
    action("sich ruht+aus ruhen ausgeruht", "rest resting rested", PEOPLE, (), OUTSIDE),
    action("tanzt tanzen getanzt", "dance dancing danced", PEOPLE, (), [*OUTSIDE, *STAGE]),
    action("singt singen gesungen", "sing singing sung", PEOPLE, (), [*OUTSIDE, *STAGE]),
    action("arbeitet arbeiten gearbeitet", "work working worked", ADULTS, (), [*AT_WORK, *INSIDE[:3]]),
    action("schläft schlafen geschlafen", "sleep sleeping slept", [*PEOPLE, *PETS], (), PARKS),
    action("lacht lachen gelacht", "laugh laughing laughed", PEOPLE, (), ANYWHERE),
]
WALK_TO = move("geht gehen gegangen", "walk walking walked", PEOPLE, STOPS, TO)
WALK_INTO = move("geht gehen gegangen", "walk walking walked", PEOPLE, DOORS, INTO)
MOVES = [  # to somewhere: the accusative; not in the perfect, which would need "ist"
    move("läuft laufen gelaufen", "run running run", [*PEOPLE, *ANIMALS], STREETS, ACROSS),
    move("rennt rennen gerannt", "run running run", [*PEOPLE, *DOGS], WOODS, THROUGH),
    move("springt springen gesprungen", "jump jumping jumped", [*CHILDREN, *ANIMALS], HURDLES, OVER),
    move("springt springen gesprungen", "jump jumping jumped", [*PEOPLE, *DOGS], WATERS, INTO),
    move("klettert klettern geklettert", "climb climbing climbed", PEOPLE, [*HEIGHTS, *LOADS[3:4]], ONTO),
    WALK_TO,
    WALK_INTO,
    move("kommt kommen gekommen", "come coming come", PEOPLE, DOORS, OUT_OF),
    move("steigt+ein steigen eingestiegen", "get_on getting_on gotten_on", PEOPLE, RIDES, ABOARD),
    move("steigt+aus steigen ausgestiegen", "get_off getting_off gotten_off", PEOPLE, RIDES, OFF),
    move("fährt fahren gefahren", "ride riding ridden", PEOPLE, BIKES, AT, OUTSIDE[3:6], own=True),
    move("reitet reiten geritten", "ride riding ridden", PEOPLE, ANIMALS[3:4], AT, OUTSIDE[:6], own=True),
    move("fliegt fliegen geflogen", "fly flying flown", BIRDS, [*WATERS, *STREETS], OVER),
    move("fährt fahren gefahren", "ride riding ridden", ADULTS, MOTORCYCLES, AT, OUTSIDE[3:4], own=True),
    move("fährt fahren gefahren", "drive driving driven", ADULTS, CARS, ACCUSATIVE, OUTSIDE[3:4], own=True),
    move("schwimmt schwimmen geschwommen", "swim swimming swum", [*PEOPLE, *DOGS, *BIRDS], WATERS, IN),
]
GROUPS = [
    Noun("group", f"Gruppe von {german}", f"Gruppe von {german}", "f", "-", f"group of {english}", "-", "")
    for german, english in texts("Kindern|children\nMännern|men\nFrauen|women\nTouristen|tourists\nStudenten|students")
]
POSTURES = [
    move("sitzt sitzen gesessen", "sit sitting sat", PEOPLE, SEATS, ON),
    move("liegt liegen gelegen", "lie lying lain", [*PEOPLE, *PETS], BEDS, ON),
    move("steht stehen gestanden", "stand standing stood", PEOPLE, [*BUILDINGS, *CARS], IN_FRONT),
    move("steht stehen gestanden", "stand standing stood", PEOPLE, [*HEIGHTS, *CARS], BESIDE),
]
WEAR = action("trägt tragen getragen", "wear wearing worn", PEOPLE, CLOTHES, articles=(A,), own=True)
HOLD = action("hält halten gehalten", "hold holding held", PEOPLE, [*SIGNS, *FLOWERS], articles=(A,), own=True)
TRY = verb("versucht versuchen versucht", "try trying tried")
WATCH = verb("schaut+zu schauen zugeschaut", "watch watching watched")
GIVING = [
    action("gibt geben gegeben", "give giving given", PEOPLE, [*FOOD, *FLOWERS, *READING]),
    action("zeigt zeigen gezeigt", "show showing shown", PEOPLE, [*READING, *PICTURES, *FINDS]),
    action("bringt bringen gebracht", "bring bringing brought", PEOPLE, [*FOOD, *CLOTHES, *LOADS[:3]]),
    action("liest+vor lesen vorgelesen", "read reading read", ADULTS, READING[:3], plural=False),
]


def meaning(*infinitives: str) -> list[Action]:
    """The actions whose verbs are these."""
    return [activity for activity in [*ACTIVITIES, *OTHERS, *MOVES] if activity.verb.infinitive in infinitives]


SEATED = meaning("lesen", "essen", "trinken", "lachen", "singen", "sprechen")
PURPOSES = [  # who goes where, and what for
    (WALK_INTO, DOORS[1], meaning("kaufen", "anprobieren")),
    (WALK_TO, STOPS[1], meaning("kaufen", "verkaufen")),
]
STANDING = [  # what stands where
    ([*LOADS, *REPAIRS[1:]], ROOMS_INSIDE),
    ([*CARTS, *BIKES, *MOTORCYCLES, *CARS], OUTSIDE),
]
CIRCUMSTANCES = texts(
    """
    während es regnet | while it is raining
    während die Sonne scheint | while the sun is shining
    obwohl es regnet | although it is raining
    obwohl es schneit | although it is snowing
    weil die Sonne scheint | because the sun is shining
    """
)
