"""Rule 18: a file's way in."""

from dev.sabotage.entry import Sabotage

DISK = "app/storage/disk.py"
S3 = "app/storage/s3.py"
SIGNED = "app/storage/signed_urls.py"
UPLOADS = "app/attachments/uploads.py"

OF_STORES = ("tests/unit/storage",)
OF_UPLOADS = ("tests/unit/attachments/test_api.py",)

SABOTAGES = (
    Sabotage(
        "an upload of another type or checksum is taken",
        rule=18,
        file=DISK,
        take_out="        if any(given.get(name.lower()) != value for name, value in bound.items()):\n",
        put="        if False:\n",
        tests=OF_STORES,
    ),
    Sabotage(
        "an upload of another length is taken",
        rule=18,
        file=DISK,
        take_out='bound = {**signed["headers"], "Content-Length": str(signed["size"])}',
        put='bound = {**signed["headers"]}',
        tests=OF_STORES,
    ),
    Sabotage(
        "an upload of other bytes is taken",
        rule=18,
        file=DISK,
        take_out="    if base64.b64encode(digest.digest()).decode() != sha256:\n",
        put="    if False:\n",
        tests=OF_STORES,
    ),
    Sabotage(
        "a second upload replaces the first",
        rule=18,
        file=DISK,
        take_out="        os.link(path, target)\n",
        put="        shutil.copy(path, target)\n",
        tests=OF_STORES,
    ),
    Sabotage(
        "a signed address never expires",
        rule=18,
        file=SIGNED,
        take_out=' or time.time() >= signed["until"]:',
        put=":",
        tests=OF_STORES,
    ),
    Sabotage(
        "an address for one file is for every file",
        rule=18,
        file=SIGNED,
        take_out='signed["for"] != [method, key]',
        put='signed["for"][0] != method',
        tests=OF_STORES,
    ),
    Sabotage(
        "an address for reading is for writing",
        rule=18,
        file=SIGNED,
        take_out='signed["for"] != [method, key]',
        put='signed["for"][1] != key',
        tests=OF_STORES,
    ),
    Sabotage(
        "an upload may be sent for an hour",
        rule=18,
        file=UPLOADS,
        take_out="UPLOAD_SECONDS = 300",
        put="UPLOAD_SECONDS = 3600",
        tests=OF_UPLOADS,
    ),
    Sabotage(
        "a bucket takes any length",
        rule=18,
        file=S3,
        take_out="            ContentType=content_type,\n            ContentLength=size,\n",
        put="            ContentType=content_type,\n",
        tests=OF_STORES,
    ),
    Sabotage(
        "a bucket takes any bytes",
        rule=18,
        file=S3,
        take_out='            ChecksumSHA256=sha256,\n            IfNoneMatch="*",\n',
        put='            IfNoneMatch="*",\n',
        tests=OF_STORES,
    ),
    Sabotage(
        "a bucket takes a file twice",
        rule=18,
        file=S3,
        take_out='            ChecksumSHA256=sha256,\n            IfNoneMatch="*",\n',
        put="            ChecksumSHA256=sha256,\n",
        tests=OF_STORES,
    ),
    Sabotage(
        "a bucket's addresses are signed as they were long ago",
        rule=18,
        file=S3,
        take_out='signature_version="s3v4"',
        put='signature_version="s3"',
        tests=("tests/unit/storage/test_s3.py",),
    ),
    Sabotage(
        "what arrived is not held against what was declared",
        rule=18,
        file=UPLOADS,
        take_out="    if found != ObjectInfo(attachment.size, attachment.content_type, attachment.sha256):\n",
        put="    if False:\n",
        tests=("tests/unit/attachments/test_api.py", "tests/unit/attachments/test_uploads_in_parts.py"),
    ),
    Sabotage(
        "a file that has not arrived is ready",
        rule=18,
        file=UPLOADS,
        take_out="    if found is None:\n        raise NotUploaded\n",
        put="    if found is None:\n        return None\n",
        tests=OF_UPLOADS,
    ),
    Sabotage(
        "a picture is ready before it was decoded",
        rule=18,
        file=UPLOADS,
        take_out="        return images.inspect(attachment.key, attachment.content_type, attachment.uploader_id)\n",
        put="        return None\n",
        tests=OF_UPLOADS,
    ),
    Sabotage(
        "the last finding stands, not the first",
        rule=18,
        file="app/attachments/queries.py",
        take_out="    if attachment.state == READY or attachment.refusal:\n        return attachment\n",
        put="",
        tests=OF_UPLOADS,
    ),
    Sabotage(
        "finishing twice looks twice",
        rule=18,
        file=UPLOADS,
        take_out="    if not attachment.is_settled:\n        attachment = _inspected(",
        put="    if True:\n        attachment = _inspected(",
        tests=OF_UPLOADS,
    ),
    Sabotage(
        "parts are joined whatever their checksums",
        rule=18,
        file=DISK,
        take_out="[(number, sha256) for number, _, sha256 in stored] != list(enumerate(checksums, 1))",
        put="[number for number, _, _ in stored] != [number for number, _ in enumerate(checksums, 1)]",
        tests=OF_STORES,
    ),
)
