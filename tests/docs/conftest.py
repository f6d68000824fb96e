"""The key pair of the service's tests."""

from tests.service.conftest import private_key, private_pem, public_pem

__all__ = ["private_key", "private_pem", "public_pem"]
