import json
import os
import urllib.error
import urllib.request

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.views.decorators.csrf import csrf_exempt

# v1/sync/events is left out: each stream would hold a thread of the server.
PATHS = ["v1/progress", "v1/progress/complete", "v1/sync", "v1/stats"]
LONGEST = 256 * 1024


# path("progress/<path:path>", progress)
@csrf_exempt  # it is checked below, since a beacon has its token in the body
def progress(request, path):
    if path not in PATHS:
        return JsonResponse({"detail": "no such path"}, status=404)
    if not request.user.is_authenticated:
        return JsonResponse({"detail": "log in first"}, status=401)
    if int(request.META.get("CONTENT_LENGTH") or 0) > LONGEST:
        return JsonResponse({"detail": "too long"}, status=413)
    request.META.setdefault(settings.CSRF_HEADER_NAME, token_in(request.body))
    refused = CsrfViewMiddleware(lambda r: None).process_view(request, lambda r: None, (), {})
    if refused:
        return refused

    # Nothing of the browser's headers goes on but these.
    headers = {"X-Progress-User": str(request.user.get_username()).encode()}
    for name in ["Content-Type", "Prefer"]:
        if name in request.headers:
            headers[name] = request.headers[name]
    query = request.META.get("QUERY_STRING", "")
    url = f"{os.environ['PROGRESS_SYNC_URL']}/{path}?{query}"
    try:
        # urllib sends the address of the sidecar as Host.
        answer = DIRECT.open(
            urllib.request.Request(url, request.body or None, headers, method=request.method),
            timeout=35,
        )
    except urllib.error.HTTPError as error:
        answer = error
    except OSError:
        return JsonResponse({"detail": "the sidecar does not answer"}, status=503, headers={"Retry-After": "5"})
    with answer:
        response = HttpResponse(answer.read(), status=answer.status, content_type=answer.headers["Content-Type"])
        if "Retry-After" in answer.headers:
            response["Retry-After"] = answer.headers["Retry-After"]
        return response


DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def token_in(body):
    try:
        updates = json.loads(body)
        return str((updates[0] if isinstance(updates, list) else updates)["csrfToken"])
    except (ValueError, LookupError, TypeError):
        return ""
