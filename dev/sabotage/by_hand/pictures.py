"""Rules 19 to 21 and 34: pictures, what is served of them, and the cache on the disk."""

from dev.sabotage.entry import Sabotage

DECODER = "app/images/decoder.py"
POOL = "app/images/pool.py"
CACHE = "app/images/disk_cache.py"

OF_STORES = ("tests/unit/storage",)
OF_UPLOADS = ("tests/unit/attachments/test_api.py",)
OF_FILES = ("tests/unit/attachments/test_routes.py", "tests/unit/attachments/test_api.py")
OF_DECODING = ("tests/unit/images/test_decoder.py",)
OF_POOL = ("tests/unit/images/test_pool.py",)
OF_CACHE = ("tests/unit/images/test_disk_cache.py",)

SABOTAGES = (
    Sabotage(
        "a page may be declared as a file",
        rule=19,
        file="app/attachments/forms.py",
        take_out='    "application/zip",\n',
        put='    "application/zip",\n    "text/html",\n    "image/svg+xml",\n',
        tests=OF_UPLOADS,
    ),
    Sabotage(
        "a picture of another type than declared is taken",
        rule=19,
        file=DECODER,
        take_out="with opened(stream, [FORMATS[declared_type]]) as image:",
        put="with opened(stream, list(FORMATS.values())) as image:",
        tests=OF_DECODING,
    ),
    Sabotage(
        "a picture may have any number of pixels",
        rule=19,
        file=DECODER,
        take_out="    if image.width * image.height > limit:\n",
        put="    if False:\n",
        tests=OF_DECODING,
    ),
    Sabotage(
        "an animation may have any number of frames",
        rule=19,
        file=DECODER,
        take_out="        check_animation(image, number)\n",
        put="",
        tests=OF_DECODING,
    ),
    Sabotage(
        "a picture is not read to its end",
        rule=19,
        file=DECODER,
        take_out="        image.draft(None, (1, 1))\n        image.load()\n",
        put="",
        tests=OF_DECODING,
    ),
    Sabotage(
        "a picture is shown with what its file says beside it",
        rule=19,
        file=DECODER,
        take_out='    clean.save(out, "WEBP", quality=QUALITY)\n',
        put="    with Image.open(stream) as whole:\n"
        '        clean.save(out, "WEBP", quality=QUALITY, exif=whole.getexif())\n',
        tests=OF_DECODING,
    ),
    Sabotage(
        "others see the original",
        rule=19,
        file="app/attachments/routes.py",
        take_out="if width is None and file.uploader_id == current_user().id:",
        put="if width is None:",
        tests=OF_FILES,
    ),
    Sabotage(
        "others are given the address of the original",
        rule=19,
        file="app/attachments/links.py",
        take_out="if file.uploader_id == reader_id:",
        put="if True:",
        tests=OF_FILES,
    ),
    Sabotage(
        "a picture takes all memory",
        rule=19,
        file=DECODER,
        take_out="        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))\n",
        put="        pass\n",
        tests=OF_POOL,
    ),
    Sabotage(
        "a picture takes for ever",
        rule=19,
        file=DECODER,
        take_out="    signal.alarm(MAX_SECONDS)\n",
        put="",
        tests=OF_POOL,
    ),
    Sabotage(
        "a picture that is kept becomes a page of ours",
        rule=20,
        file="app/attachments/routes.py",
        take_out='    response.headers["Content-Security-Policy"] = SANDBOX\n',
        put="",
        tests=("tests/unit/attachments/test_routes.py",),
    ),
    Sabotage(
        "a file from the store is a page of ours",
        rule=20,
        file="app/storage/routes.py",
        take_out='    response.headers["Content-Security-Policy"] = SANDBOX\n',
        put="",
        tests=OF_FILES,
    ),
    Sabotage(
        "any file is shown, not downloaded",
        rule=20,
        file="app/storage/disposition.py",
        take_out='disposition = wanted if content_type in INLINE_TYPES else "attachment"',
        put="disposition = wanted",
        tests=OF_STORES,
    ),
    Sabotage(
        "a drawing that runs scripts is shown",
        rule=20,
        file="app/storage/disposition.py",
        take_out='"image/webp", "image/gif"})',
        put='"image/webp", "image/gif", "image/svg+xml"})',
        tests=OF_STORES,
    ),
    Sabotage(
        "a file's name may turn itself round",
        rule=20,
        file="app/storage/disposition.py",
        take_out='not in {"Cc", "Cf", "Cs", "Zl", "Zp"}',
        put='not in {"Cc", "Cs", "Zl", "Zp"}',
        tests=OF_STORES,
    ),
    Sabotage(
        "a damaged picture is shown from the disk",
        rule=21,
        file=CACHE,
        take_out="        if not is_right(name, body):\n            return False\n",
        put="",
        tests=OF_CACHE,
    ),
    Sabotage(
        "a picture that was right once is right for ever",
        rule=21,
        file=CACHE,
        take_out="if self._verified.get(name) == stamp:",
        put="if name in self._verified:",
        tests=OF_CACHE,
    ),
    Sabotage(
        "one picture passes for another",
        rule=21,
        file=CACHE,
        take_out="lambda: hashlib.sha256(name.encode())",
        put="hashlib.sha256",
        tests=OF_CACHE,
    ),
    Sabotage(
        "twelve readers fetch twelve times",
        rule=21,
        file=CACHE,
        take_out="            waited = self._lock(file)\n",
        put="            waited = 0.0\n",
        tests=OF_CACHE,
    ),
    Sabotage(
        "a half picture is left by a fetch that failed",
        rule=21,
        file=CACHE,
        take_out="                path.unlink(missing_ok=True)\n                raise\n",
        put="                path.replace(self._entries / name)\n                raise\n",
        tests=OF_CACHE,
    ),
    Sabotage(
        "the cache on the disk grows without end",
        rule=21,
        file=CACHE,
        take_out="            path.unlink(missing_ok=True)\n            total -= used\n",
        put="            total -= used\n",
        tests=OF_CACHE,
    ),
    Sabotage(
        "the cache on the disk forgets what is just arriving",
        rule=21,
        file=CACHE,
        take_out="            path.replace(self._entries / path.name)\n",
        put="        path.replace(self._entries / path.name)\n",
        tests=OF_CACHE,
    ),
    Sabotage(
        "a broken disk costs the picture",
        rule=21,
        file=CACHE,
        take_out="        except OSError:\n            # Whatever is wrong with the disk, ",
        put="        except EOFError:\n            # Whatever is wrong with the disk, ",
        tests=OF_CACHE,
    ),
    Sabotage(
        "any number of pictures wait for the pool",
        rule=34,
        file=POOL,
        take_out="if len(here) >= self._most:",
        put="if len(here) >= self._most and not self._changed.wait(30):",
        tests=OF_POOL,
    ),
)
