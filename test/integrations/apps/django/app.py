import os
import sys

from django.conf import settings

settings.configure(
    SECRET_KEY="of the test",
    ROOT_URLCONF="app",
    ALLOWED_HOSTS=["127.0.0.1"],
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "users.sqlite3"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    # The browser package's header.
    CSRF_HEADER_NAME="HTTP_X_CSRF_TOKEN",
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
)

import django

django.setup()

from django.contrib.auth import login, models
from django.core.management import call_command
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from progress import progress


@csrf_exempt
def log_in(request):
    user, _ = models.User.objects.get_or_create(username=request.GET["learner"])
    login(request, user)
    return HttpResponse(get_token(request))


urlpatterns = [path("login", log_in), path("progress/<path:path>", progress)]

if __name__ == "__main__":
    sys.modules["app"] = sys.modules["__main__"]
    call_command("migrate", verbosity=0)
    call_command("runserver", "127.0.0.1:" + os.environ["PORT"], use_reloader=False)
