"""Variable file: a file's name where it stands in a header, in what is sent and in what is answered."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

CAN_BE_READ = r"attachment(; ?filename=\"([^\"\\]|\\.)*\"|; ?filename\*=UTF-8''(%[0-9A-Fa-f]{2}|[A-Za-z0-9!#$&+.^_`|~-])*)+"
"""What `Content-Disposition` of a download may be (RFC 6266, section 4.1; RFC 8187, section 3.2.1)."""


def form_of_programs(form: Mapping[str, str], name: str, content: bytes, media_type: str) -> tuple[bytes, str]:
    r"""A form as no browser writes it: the file comes first, its name has quotes as `\"`, which browsers write as `%22`, headers
    are in small letters, and the boundary has quotes (RFC 7578, section 4; RFC 9110, section 5.6).

    Args:
        form: The other fields.
        name: What the file is called.
        content: Its bytes.
        media_type: Its type.

    Returns:
        The body, and its type.
    """
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    boundary = uuid.uuid4().hex
    parts = [f'name="file"; filename="{quoted}"\r\ncontent-type: {media_type}\r\n\r\n'.encode() + content]
    parts += [f'name="{field}"\r\n\r\n{value}'.encode() for field, value in form.items()]
    body = b"".join(f"--{boundary}\r\ncontent-disposition: form-data; ".encode() + part + b"\r\n" for part in parts)
    return body + f"--{boundary}--\r\n".encode(), f'Multipart/Form-Data; boundary="{boundary}"'
