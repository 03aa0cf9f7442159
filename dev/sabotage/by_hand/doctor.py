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
        "the doctor examines every promise at one key",
        rule=52,
        file="app/doctor/visit.py",
        take_out='self.keys.append(f"{FOLDER}{uuid.uuid4()}")',
        put='self.keys.append(f"{FOLDER}examination")',
        tests=OF_DOCTOR,
    ),
)
