"""Write the audit log entries that the client tests import and then ask for.

    python make_model.py FILE        the same bytes every time, standard library only

One JSON array, one entry a line, in the order in which the entries are appended. The order of
times is another one: some entries are late, and many share a second.
"""

import json
import pathlib
import random
import re
import sys

ENTRIES = 600
RARE = 77  # the only entry of user-rare
BEGIN = 1704067200  # 2024-01-01T00:00:00Z; everything that a test's setup writes itself is later
TYPES = json.loads((pathlib.Path(__file__).parent.parent / "types.json").read_text("utf-8"))

# Numbers that a reader through 64-bit floats would change. They travel through the generator as
# marked strings and lose the marks at the end.
NUMBERS = [
    "12345678901234567890123", "-99999999999999999999999", "9007199254740993", "8.533e+68",
    "1.0", "0.10", "1E5", "-0.0", "0.1e-7", "3.141592653589793238462643", "1e400",
    "18446744073709551616", "0", "-1",
]
PROJECTS = {
    "proj_alpha": "Alpha", "proj_beta": "Größe / & = %41", "proj_gamma": "监督 🛰",
    "proj_delta": "", "proj_sp ace/&=ü": "odd id",
}
USERS = {
    "user-anna": "Anna.Berg@Example.com", "user-anna2": "anna.berg@example.com",
    "user-bob": "bob+audit@example.com", "user-bob2": "bob audit@example.com",
    "user-carl": "carl@example.com,dora@example.com", "user-dora": "dora@example.com",
    "user-joerg": "JÖRG@example.com", "user-zoe": "zoë@exämple.com", "user-eve": "'(eve)*!~@example.com",
    "user-ümit/&=": "umit@example.com", "user-hub": "dora@example.com", "user-rare": "rare@example.com",
}
KEYS = ["key_1", "key_2", "key_3", "key_4", "key_5"]
ACCOUNTS = ["sa-deploy", "sa-backup", "user-anna"]  # an account may bear the id of a user
COMMON = [
    "project.created", "project.updated", "api_key.created", "api_key.deleted", "login.succeeded",
    "login.failed", "invite.sent", "user.added", "role.bound_to_resource", "tenant.user.added",
    "certificates.activated", "role.assignment.created", "checkpoint.permission.created",
    "workload_identity_provider_mapping.deleted",
]
UNKNOWN = [
    "brand.new.event", "brand.new-event", "brand.new_event", "tenant.brand.new", "tenants.listed",
    "role.bound", "checkpoint.permissions.created", "Brand.New.Event", "ünï.code",
]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    entries = make(random.Random(20240101))
    lines = ",\n".join(unmark(json.dumps(e, ensure_ascii=False)) for e in entries)
    pathlib.Path(sys.argv[1]).write_text("[\n" + lines + "\n]\n", "utf-8")


def make(rng):
    types = [t["type"] for t in TYPES] * 2
    types += UNKNOWN * 3
    types += [rng.choice(COMMON) for _ in range(ENTRIES - len(types))]
    rng.shuffle(types)
    types[RARE] = types[ENTRIES // 3] = "login.succeeded"
    types[ENTRIES // 2] = "tenant.user.added"
    times, entries = times_of(rng, len(types)), []
    for number, (name, time) in enumerate(zip(types, times)):
        entry = {"id": id_of(rng, number), "object": "organization.audit_log", "type": name,
                 "effective_at": time}
        project_of(rng, number, entry)
        actor_of(rng, number, entry)
        payload_of(rng, number, entry)
        if number % 23 == 5:
            entry["severity"] = rng.choice(["high", None, {"level": mark("1.0")}, [], False])
        if number % 29 == 3:
            entry["details"] = free_form(rng, 3)
        if number % 7 == 2:  # members have no order
            entry = dict(sorted(entry.items(), key=lambda _: rng.random()))
        entries.append(entry)
    return entries


def times_of(rng, count):
    times, now = [], BEGIN
    while len(times) < count:
        now += rng.choice([1, 1, 59, 3600, 40000])
        run = rng.choice([1, 1, 2, 3, 5]) if rng.random() < 0.9 else 24  # longer than a page
        times += [now] * run
    del times[count:]
    for place in range(20, count):
        if rng.random() < 0.08:  # late: into a second that is taken, or between two
            times[place] = rng.choice(times[:place]) - rng.choice([0, 0, 7])
    times[count // 2] = 0
    times[count // 3] = 1
    return times


def id_of(rng, number):
    special = {
        10: "audit_log-yyy__20240101", 20: "req_xxx_20240101",
        30: "audit_log-018cc251f4007d2cb1c5a0f1e2d3c4b5",  # looks like one that a server made
        40: "audit_log-ü +/&=%41?#", 50: "18cc251f-4007-7d2c-b1c5-a0f1e2d3c4b6", 60: "0",
    }
    tail = "".join(rng.choices("abcdefghjkmnpqrstuvwxyz23456789", k=12))
    forms = [f"audit_log-{number:04d}", f"audit_log-{tail}_20240101", f"req_{tail}_{number:04d}"]
    return special.get(number, forms[number % 3])


def project_of(rng, number, entry):
    known = rng.choice(list(PROJECTS))
    form = rng.random()
    if form < 0.55:
        entry["project"] = {"id": known, "name": PROJECTS[known]}
    elif form < 0.60:
        entry["project"] = {"id": known}
    elif form < 0.63:
        entry["project"] = {"id": known, "name": None, "region": "eu", "weight": mark("0.10")}
    elif form < 0.65:
        entry["project"] = None


def actor_of(rng, number, entry):
    user_id = rng.choice([u for u in USERS if u != "user-rare"])
    if number == RARE:
        user_id = "user-rare"
    user = {"id": user_id, "email": USERS[user_id]}
    key = rng.choice(KEYS)
    address = f"203.0.113.{rng.randrange(256)}"
    details = {"country": "US", "city": "San Francisco", "region": "California",
               "region_code": "CA", "asn": "1234", "latitude": "37.77490",
               "longitude": "-122.41940"}
    full = {"user": user, "ip_address": address, "user_agent": "Mozilla/5.0 (X11; Linux) \"q\"",
            "ja3": "e7d705a3286e19ea42f587b344ee6865", "ja4": "t13d1516h2_8daaf6152771",
            "ip_address_details": details}
    service = {"id": rng.choice(ACCOUNTS)}
    forms = [
        {"type": "session", "session": full},
        {"type": "session", "session": full, "api_key": None},
        {"type": "session", "session": {"user": user}},
        {"type": "api_key", "api_key": {"id": key, "type": "user", "user": user}},
        {"type": "api_key", "api_key": {"id": key, "type": "user", "user": user}},
        {"type": "api_key", "api_key": {"id": key, "type": "service_account",
                                        "service_account": service}},
        {"type": "api_key", "api_key": {"id": key, "type": "service_account", "user": None,
                                        "service_account": service}, "session": None},
        {"type": "session", "session": {"ip_address": "2001:db8::1", "user": {"id": user_id}}},
        {"type": "session", "session": {"user": {"email": USERS[user_id]}}},
        {"type": "api_key", "api_key": {"id": key}},
        {"type": "api_key", "api_key": {"type": "service_account", "service_account": service}},
        {"type": "session", "session": {"user": dict(user, name="Näme", roles=["a", None]),
                                        "ip_address": address, "device": {"trusted": True}},
         "assurance": mark("8.533e+68")},
        {"type": "session", "session": {"ip_address": "198.51.100.7",
                                        "ip_address_details": {"country": "DE", "asn": None}}},
        None,
        "absent",
        {"type": "session"},
        {},
        {"type": "session", "session": {}},
    ]
    form = forms[0] if number == RARE else rng.choice(forms)
    if form != "absent":
        entry["actor"] = form


def payload_of(rng, number, entry):
    name = entry["type"]
    row = next((t for t in TYPES if t["type"] == name), None)
    payload = {"id": f"{name.split('.')[0]}_{rng.randrange(1, 7)}"}
    if row:
        payload = object_of(rng, row["payload"], name)
    form = rng.random()
    if name.startswith("project.") and form < 0.9:
        payload["id"] = rng.choice(list(PROJECTS))
    elif form < 0.04:
        payload = {}
    elif form < 0.07:
        payload = None
    elif form < 0.10:
        return
    elif form < 0.25:
        payload[rng.choice(["note", "__proto__", "", "a.b", "ключ"])] = free_form(rng, 4)
    entry[name] = payload


def object_of(rng, members, of):
    made = {}
    for name, schema in members.items():
        if name != "id" and rng.random() < 0.15:
            continue
        made[name] = value_of(rng, name, schema, of)
    if made.get("principal_id") and "principal_type" not in made:
        del made["principal_id"]
    if made.get("resource_id") and "resource_type" not in made:
        made["resource_type"] = "connector"
    return made


def value_of(rng, name, schema, of):
    if "oneOf" in schema:
        return object_of(rng, rng.choice(schema["oneOf"])["properties"], of)
    if "enum" in schema:
        return rng.choice(schema["enum"])
    kind = schema.get("type")
    if kind == "object":
        return object_of(rng, schema["properties"], of) if schema.get("properties") else free_form(rng, 3)
    if kind == "array":
        return [value_of(rng, name, schema["items"], of) for _ in range(rng.randrange(4))]
    if kind == "boolean":
        return rng.random() < 0.5
    if kind == "integer":
        return rng.choice([0, 1, 60, 2**31, 2**53 + 1, mark("12345678901234567890123")])
    return text_of(rng, name, of)


def text_of(rng, name, of):
    pools = {
        "project_id": list(PROJECTS), "principal_id": ["user-anna", "group_1"],
        "principal_type": ["user", "group"], "role_id": ["role_1", "role_2"],
        "resource_type": ["project", "organization", "connector"], "role": ["owner", "member"],
        "email": list(USERS.values()), "connector_id": ["conn_1", "conn_2"],
        "workspace_id": ["ws_1", "ws_2"], "service_account_id": ACCOUNTS,
        "fine_tuned_model_checkpoint": ["ft:gpt:ckpt-1", "ft:gpt:ckpt-2"],
        "identity_provider_id": ["wip_1", "wip_2"], "resource_id": ["proj_alpha", "org_1", "ws_1__conn_1"],
    }
    if name == "id" and of.startswith("role.") and of.endswith("_resource"):
        return rng.choice(["ws_1__conn_1", "ws_1__conn_2", "ws_2__conn_1"])
    if name == "id":
        return f"{of.split('.')[0]}_{rng.randrange(1, 7)}"
    odd = ["text", "", "zwei Wörter", "line\nbreak\t\u2028\u0000", "🛰️ é e\u0301", "<&>\"\\/", "null"]
    return rng.choice(pools.get(name, odd))


def free_form(rng, depth):
    kind = rng.randrange(8 if depth else 5)
    if kind < 2:
        return mark(rng.choice(NUMBERS))
    if kind == 2:
        return rng.choice([None, True, False, "", {}, []])
    if kind < 5:
        return text_of(rng, "", "")
    if kind == 5:
        return [free_form(rng, depth - 1) for _ in range(rng.randrange(4))]
    names = rng.sample(["id", "type", "b", "a", "B", "", "a.b", "__proto__", "constructor", "ключ"], 3)
    return {name: free_form(rng, depth - 1) for name in names}


def mark(number):
    return f"\ue000{number}\ue000"


def unmark(text):
    return re.sub("\"\ue000([^\ue000]*)\ue000\"", r"\1", text)


if __name__ == "__main__":
    main()
