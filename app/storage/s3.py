"""Files in S3, or in a server that speaks as S3 does."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import itemgetter
from typing import TYPE_CHECKING, BinaryIO

from app.cache.breaker import Breaker
from app.storage.disposition import Disposition, content_disposition
from app.storage.store import (
    AlreadyStored,
    ListedObject,
    ListedUpload,
    ObjectInfo,
    ObjectNotFound,
    Part,
    Readable,
    Store,
    StoreError,
    StoreUnanswered,
    StoreUnavailable,
    Upload,
    UploadNotFound,
    WrongParts,
    validated_key,
)

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import CompletedPartTypeDef, GetObjectRequestTypeDef, PartTypeDef

CHECKSUM_HEADER = "x-amz-checksum-sha256"
UNSET = "application/octet-stream"
# A store that is dead or frozen costs a request these seconds twice, and up to one between: less than 5 in all.
CONNECT_TIMEOUT = 1
READ_TIMEOUT = 1.8
ATTEMPTS = 2
# So long that those who try a store that is silent leave places for others.
PAUSE = 2.0

ANSWERS: Mapping[str, type[StoreError]] = {
    "404": ObjectNotFound,
    "NoSuchKey": ObjectNotFound,
    "NoSuchUpload": UploadNotFound,
    "PreconditionFailed": AlreadyStored,
    "InvalidPart": WrongParts,
    "BadDigest": WrongParts,
    "InvalidPartOrder": WrongParts,
    "EntityTooSmall": WrongParts,
    "MalformedXML": WrongParts,
}


class S3Store(Store):
    """One bucket, or the part of it whose keys begin with `prefix`: others may keep theirs beside it.

    Without keys given, boto3 looks for credentials where it always does.
    """

    def __init__(
        self,
        bucket: str,
        *,
        region: str,
        prefix: str = "",
        endpoint_url: str | None = None,
        access_key_id: str | None = None,
        secret_access_key: str | None = None,
        session_token: str | None = None,
    ) -> None:
        # Here, because those whose files are on the disk should not pay for it: it is as much as all the rest.
        import boto3
        from botocore.config import Config

        self.bucket = bucket
        self.prefix = prefix
        self.endpoint_url = endpoint_url
        # A worker makes it when it starts, so that no request waits for its 0.4 s and its 20 MB.
        self.client: S3Client = boto3.session.Session().client(
            "s3",
            region_name=region,
            endpoint_url=endpoint_url,
            aws_access_key_id=access_key_id,
            aws_secret_access_key=secret_access_key,
            aws_session_token=session_token,
            config=Config(
                # Left to itself boto3 presigns with SigV2 in us-east-1, which binds neither length nor checksum.
                signature_version="s3v4",
                s3={"addressing_style": "path" if endpoint_url else "virtual"},
                connect_timeout=CONNECT_TIMEOUT,
                read_timeout=READ_TIMEOUT,
                retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
            ),
        )
        self._breaker = Breaker("store", pause=PAUSE)

    def _at(self, key: str) -> str:
        return self.prefix + validated_key(key)

    def presign_put(self, key: str, content_type: str, *, size: int, sha256: str, expires_in: int) -> Upload:
        url = self._presign(
            "put_object",
            expires_in,
            Key=self._at(key),
            ContentType=content_type,
            ContentLength=size,
            ChecksumSHA256=sha256,
            IfNoneMatch="*",
        )
        return Upload(url, "PUT", {"Content-Type": content_type, CHECKSUM_HEADER: sha256, "If-None-Match": "*"})

    def presign_get(
        self, key: str, filename: str, content_type: str, *, disposition: Disposition, expires_in: int
    ) -> str:
        return self._presign(
            "get_object",
            expires_in,
            Key=self._at(key),
            ResponseContentType=content_type,
            ResponseContentDisposition=content_disposition(filename, content_type, disposition),
        )

    def put_file(self, key: str, content_type: str, body: BinaryIO, *, size: int, sha256: str) -> None:
        with self._asked():
            self.client.put_object(
                Bucket=self.bucket,
                Key=self._at(key),
                Body=body,
                ContentType=content_type,
                ContentLength=size,
                ChecksumSHA256=sha256,
                IfNoneMatch="*",
            )

    def head(self, key: str) -> ObjectInfo | None:
        try:
            with self._asked():
                told = self.client.head_object(Bucket=self.bucket, Key=self._at(key), ChecksumMode="ENABLED")
        except ObjectNotFound:
            return None
        return ObjectInfo(told["ContentLength"], told.get("ContentType", UNSET), told.get("ChecksumSHA256"))

    @contextmanager
    def open(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[Readable]:
        wanted: GetObjectRequestTypeDef = {"Bucket": self.bucket, "Key": self._at(key)}
        # Only where asked for: an empty object has no range to serve.
        if start or stop is not None:
            wanted["Range"] = f"bytes={start}-{'' if stop is None else stop - 1}"
        with self._asked():
            answer = self.client.get_object(**wanted)
            with answer["Body"] as body:
                yield body

    def delete(self, key: str) -> None:
        with self._asked():
            self.client.delete_object(Bucket=self.bucket, Key=self._at(key))

    def list(self, prefix: str) -> Iterator[ListedObject]:
        with self._asked():
            pages = self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=self.prefix + prefix
            )
            for page in pages:
                for each in page.get("Contents", ()):
                    key = each["Key"].removeprefix(self.prefix)
                    yield ListedObject(key, each["Size"], each["LastModified"])

    def create_multipart(self, key: str, content_type: str) -> str:
        with self._asked():
            answer = self.client.create_multipart_upload(
                Bucket=self.bucket, Key=self._at(key), ContentType=content_type, ChecksumAlgorithm="SHA256"
            )
        return answer["UploadId"]

    def presign_part(self, key: str, upload_id: str, number: int, *, size: int, sha256: str, expires_in: int) -> Upload:
        url = self._presign(
            "upload_part",
            expires_in,
            Key=self._at(key),
            UploadId=upload_id,
            PartNumber=number,
            ContentLength=size,
            ChecksumSHA256=sha256,
        )
        return Upload(url, "PUT", {CHECKSUM_HEADER: sha256})

    def list_parts(self, key: str, upload_id: str) -> Sequence[Part]:
        return [Part(each["PartNumber"], each["Size"]) for each in self._stored_parts(key, upload_id)]

    def complete_multipart(self, key: str, upload_id: str, checksums: Sequence[str]) -> None:
        etags = {each["PartNumber"]: each["ETag"] for each in self._stored_parts(key, upload_id)}
        if not etags or sorted(etags) != list(range(1, len(checksums) + 1)):
            raise WrongParts
        parts: list[CompletedPartTypeDef] = [
            {"PartNumber": number, "ETag": etags[number], "ChecksumSHA256": checksum}
            for number, checksum in enumerate(checksums, 1)
        ]
        with self._asked():
            self.client.complete_multipart_upload(
                Bucket=self.bucket,
                Key=self._at(key),
                UploadId=upload_id,
                MultipartUpload={"Parts": parts},
                IfNoneMatch="*",
            )

    def abort_multipart(self, key: str, upload_id: str) -> None:
        try:
            with self._asked():
                self.client.abort_multipart_upload(Bucket=self.bucket, Key=self._at(key), UploadId=upload_id)
        except UploadNotFound:
            return

    def list_multiparts(self, prefix: str) -> Iterator[ListedUpload]:
        with self._asked():
            pages = self.client.get_paginator("list_multipart_uploads").paginate(
                Bucket=self.bucket, Prefix=self.prefix + prefix
            )
            for page in pages:
                for each in page.get("Uploads", ()):
                    key = each["Key"].removeprefix(self.prefix)
                    yield ListedUpload(key, each["UploadId"], each["Initiated"])

    def _stored_parts(self, key: str, upload_id: str) -> "Sequence[PartTypeDef]":
        with self._asked():
            pages = self.client.get_paginator("list_parts").paginate(
                Bucket=self.bucket, Key=self._at(key), UploadId=upload_id
            )
            sent = [each for page in pages for each in page.get("Parts", ())]
        # Some servers list a part once for every time it was sent.
        newest = {each["PartNumber"]: each for each in sorted(sent, key=itemgetter("LastModified"))}
        return [newest[number] for number in sorted(newest)]

    def _presign(self, operation: str, expires_in: int, **parameters: str | int) -> str:
        with translated():
            return self.client.generate_presigned_url(
                operation, Params={"Bucket": self.bucket, **parameters}, ExpiresIn=expires_in
            )

    @contextmanager
    def _asked(self) -> Iterator[None]:
        """Where the server is asked: by few threads at once, and while it does not answer, only now and then."""
        if not self._breaker.may_probe():
            raise StoreUnavailable
        with self.waiting:
            try:
                with translated():
                    yield
            except StoreUnanswered as error:
                self._breaker.failed(error)
                raise
            except StoreError:
                self._breaker.succeeded()
                raise
        self._breaker.succeeded()


@contextmanager
def translated() -> Iterator[None]:
    """Turn botocore's errors into the store's own."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in ANSWERS:
            raise ANSWERS[code] from error
        message = f"The store refused: {code}."
        raise StoreUnavailable(message) from error
    except BotoCoreError as error:
        message = f"The store does not answer: {type(error).__name__}."
        raise StoreUnanswered(message) from error
