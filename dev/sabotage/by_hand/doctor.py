"""Rule 52: what the doctor of a store tries."""

from dev.sabotage.entry import Sabotage

EXAMINATIONS = "app/doctor/examinations.py"

OF_DOCTOR = ("tests/unit/doctor/test_examinations.py",)

SABOTAGES = (
    Sabotage(
        "the doctor tries nothing unsigned",
        rule=52,
        file=EXAMINATIONS,
        take_out='{"An unsigned PUT": (put, BODY)}',
        put="{}",
        tests=OF_DOCTOR,
    ),
    Sabotage(
        "the doctor tries no list",
        rule=52,
        file=EXAMINATIONS,
        take_out="        if name in get(f\"{url}?{urlencode({'list-type': 2, 'prefix': below})}\").text:\n",
        put="        if False:\n",
        tests=OF_DOCTOR,
    ),
    Sabotage(
        "the doctor tries no expired upload",
        rule=52,
        file=EXAMINATIONS,
        take_out='expired = {"An expired PUT": (upload, BODY)}',
        put="expired: dict[str, tuple[Upload, bytes]] = {}",
        tests=OF_DOCTOR,
    ),
    Sabotage(
        "the doctor tries no other method",
        rule=52,
        file=EXAMINATIONS,
        take_out="refuses(others, lambda: visit.contents(key) != BODY) or serves(url)",
        put="serves(url)",
        tests=OF_DOCTOR,
    ),
    Sabotage(
        "the doctor adds no header",
        rule=52,
        file=EXAMINATIONS,
        take_out='ADDED_HEADERS = {"x-amz-acl": "public-read", "x-amz-meta-doctor": "was-here"}',
        put="ADDED_HEADERS: dict[str, str] = {}",
        tests=OF_DOCTOR,
    ),
    Sabotage(
        "the doctor takes a refusal for one, whatever came of it",
        rule=52,
        file="app/doctor/probes.py",
        take_out="    done = done or BODY in answer.content\n",
        put="    done = BODY in answer.content\n",
        tests=OF_DOCTOR,
    ),
    Sabotage(
        "the doctor examines every promise at one key",
        rule=52,
        file="app/doctor/visit.py",
        take_out='self.keys.append(f"{FOLDER}{uuid.uuid4()}")',
        put='self.keys.append(f"{FOLDER}examination")',
        tests=OF_DOCTOR,
    ),
)
