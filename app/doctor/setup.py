"""What a bucket must be told once."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.storage.s3 import CHECKSUM_HEADER, S3Store

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from types_boto3_s3.type_defs import CORSRuleOutputTypeDef

RULE_ID = "inkwell-uploads"
# "Method not allowed" and "not implemented", whatever the code and the page that come with it.
NOT_KNOWN = {405, 501}


@dataclass(frozen=True)
class Promise:
    name: str
    holds: bool
    detail: str


def setup(store: S3Store, origin: str) -> list[Promise]:
    """Apply what the bucket needs; for an administrator, whose rights the running blog has no use for."""
    return [apply_cors(store, origin), block_public_access(store)]


def apply_cors(store: S3Store, origin: str) -> Promise:
    name = "CORS rule"
    unknown = f"This server has no CORS rules: allow {origin} to upload in its own settings."
    wanted = cors_rule(origin, store.prefix)
    try:
        rules = cors_rules(store)
        if wanted in rules:
            return Promise(name, True, f"It was there already, for {origin}.")
        others = [each for each in rules if each.get("ID") != wanted["ID"]]
        store.client.put_bucket_cors(Bucket=store.bucket, CORSConfiguration={"CORSRules": [*others, wanted]})
        # Some take it for another request, and answer that all is well.
        kept = any(origin in each["AllowedOrigins"] for each in cors_rules(store))
    except store.client.exceptions.ClientError as error:
        return Promise(name, False, reason(error, unknown))
    return Promise(name, kept, f"Applied: PUT from {origin}." if kept else unknown)


def cors_rule(origin: str, prefix: str) -> "CORSRuleOutputTypeDef":
    return {
        # One for each blog: a bucket may be shared.
        "ID": f"{RULE_ID} {prefix}".strip(),
        "AllowedOrigins": [origin],
        "AllowedMethods": ["PUT"],
        "AllowedHeaders": ["content-type", CHECKSUM_HEADER, "if-none-match"],
        "ExposeHeaders": ["ETag"],
        "MaxAgeSeconds": 600,
    }


def cors_rules(store: S3Store) -> "list[CORSRuleOutputTypeDef]":
    try:
        return store.client.get_bucket_cors(Bucket=store.bucket).get("CORSRules", [])
    except store.client.exceptions.ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchCORSConfiguration":
            return []
        raise


def block_public_access(store: S3Store) -> Promise:
    name = "No public access"
    try:
        store.client.put_public_access_block(
            Bucket=store.bucket,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            },
        )
    except store.client.exceptions.ClientError as error:
        unknown = "This server has no such setting: give the bucket no public policy."
        return Promise(name, False, reason(error, unknown))
    return Promise(name, True, "Applied: nobody can make it public.")


def reason(error: "ClientError", unknown: str) -> str:
    """What the server said, or `unknown` where it has no such setting."""
    return unknown if error.response["ResponseMetadata"]["HTTPStatusCode"] in NOT_KNOWN else str(error)


def iam_policy(bucket: str, prefix: str) -> dict[str, object]:
    objects = [
        "s3:GetObject",
        "s3:PutObject",
        "s3:DeleteObject",
        "s3:AbortMultipartUpload",
        "s3:ListMultipartUploadParts",
    ]
    # Sweeping lists. And to who may not list the whole bucket, S3 says "forbidden" of an object that is not there.
    whole = ["s3:ListBucket", "s3:ListBucketMultipartUploads"]
    arn = f"arn:aws:s3:::{bucket}"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": objects, "Resource": f"{arn}/{prefix}*"},
            {"Effect": "Allow", "Action": whole, "Resource": arn},
        ],
    }
