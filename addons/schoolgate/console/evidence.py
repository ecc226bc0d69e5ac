"""Evidence of a case: what is attached is held as it came, and handed out to be saved, never shown by the console."""

from starlette.responses import Response

from schoolgate.console.cases import find_case
from schoolgate.console.entry import Refused, Visitor
from schoolgate.console.forms import Form, Upload
from schoolgate.console.guard import SANDBOX
from schoolgate.store.cases import steady_id
from schoolgate.store.event import Deed
from schoolgate.store.exhibits import KINDS, BadExhibit, Kept, keep, kind_of, read

_MOST_FILES = 10
_INDECENT = "Tick that no file is an indecent image of a child. If one is, do not attach it: read here whom to tell."


def attach(visitor: Visitor) -> Response:
    """Add evidence to a case."""
    with visitor.desk.alone:
        known = find_case(visitor)
        if not known.is_open:
            raise Refused(409, "The case is closed, so nothing was attached. Open it again first.")
        uploads = visitor.form.files.get("files", [])
        try:
            check_files(visitor.form, uploads)
            if not uploads:
                raise BadExhibit("Choose a file first.")
            hold(visitor, known.id, known.at, uploads)
        except BadExhibit as error:
            raise Refused(400, str(error)) from None
    return visitor.go(f"/cases/{known.id}")


def download(visitor: Visitor) -> Response:
    """Hand out a file, to be saved and never shown by the console itself; its hash is compared first."""
    known = find_case(visitor)
    wanted = visitor.request.path_params["sha256"]
    exhibit = next((each for each in known.exhibits if each.sha256 == wanted), None)
    if exhibit is None:
        raise Refused(404, "There is no such file in this case.")
    try:
        content = read(visitor.settings.data, known.id, exhibit)
    except BadExhibit as error:
        raise Refused(409, str(error)) from None
    words = f"case {known.ref}, file {exhibit.sha256[:12]}"
    visitor.desk.write(Deed.VIEWED, visitor.account.actor, person=known.person, why=words, about=known.id)
    name = f"{known.ref}-{exhibit.sha256[:12]}.{KINDS.get(exhibit.kind, 'bin')}"
    kind = exhibit.kind if exhibit.kind in KINDS else "application/octet-stream"
    kind += "; charset=utf-8" if kind.startswith("text/") else ""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Security-Policy": SANDBOX}
    return Response(content, headers=headers, media_type=kind)


def check_files(form: Form, uploads: list[Upload]) -> None:
    """Raises BadExhibit before anything is kept."""
    if len(uploads) > _MOST_FILES:
        raise BadExhibit(f"At most {_MOST_FILES} files at a time.")
    if uploads and form.line("none") != "yes":
        raise BadExhibit(_INDECENT)
    for upload in uploads:
        kind_of(upload.content)


def hold(visitor: Visitor, case_id: str, at: str, uploads: list[Upload]) -> None:
    """Keep the files of a case, and say so on record once all are safe on the disk. Raises OSError for a full one."""
    kept = [(keep(visitor.settings.data, case_id, each.content), each) for each in uploads]
    for held, upload in kept:
        _note(visitor, case_id, at, held, upload)


def _note(visitor: Visitor, case_id: str, at: str, held: Kept, upload: Upload) -> None:
    name = Form({"name": [upload.name]}).line("name", 120)
    names = {"id": steady_id(at, case_id, Deed.ATTACHED, held.sha256)}
    visitor.desk.write(Deed.ATTACHED, visitor.account.actor, **names, about=case_id, entry=held.entry, why=name)
