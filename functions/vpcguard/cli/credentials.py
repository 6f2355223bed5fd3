"""What to do about AWS's errors that are about who is asking; by name, without importing botocore."""

from __future__ import annotations

_EXPIRED = "The credentials have expired: sign in again."
_INVALID = "AWS does not know these credentials: sign in again, or check key, secret and session token."
_NONE = "Sign in, name a profile with --profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."

# https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html; others have names of their own
_BY_CODE = {
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "RequestExpired": _EXPIRED,
    "AuthFailure": _INVALID,
    "InvalidClientTokenId": _INVALID,
    "InvalidSignatureException": _INVALID,
    "SignatureDoesNotMatch": _INVALID,
    "UnrecognizedClientException": _INVALID,
}
_BY_TYPE = {
    "NoCredentialsError": _NONE,
    "PartialCredentialsError": _NONE,
    "CredentialRetrievalError": _NONE,
}
_ROLE_REFUSED = (
    "The role does not exist, does not trust these credentials, or they may not assume it; "
    "one that expects an external id gets it from EXTERNAL_ID, together with AUDIT_ROLE_NAME."
)


def advice_on(error: Exception) -> str | None:
    """Return what to do about an error of botocore's; None where it is not about credentials or roles."""
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    if code == "AccessDenied" and getattr(error, "operation_name", None) == "AssumeRole":
        return _ROLE_REFUSED
    return _BY_CODE.get(str(code)) or _BY_TYPE.get(type(error).__name__)
