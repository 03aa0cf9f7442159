"""Django with django-redis: the middleware of `startproject`, signed cookies, and the user's row read each time."""

import os

import django
from django.conf import settings

settings.configure(
    SECRET_KEY=os.environ["PEERS_SECRET"],
    ALLOWED_HOSTS=["blog.example"],
    ROOT_URLCONF=__name__,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.environ["PEERS_DATABASE"],
            "CONN_MAX_AGE": None,
        }
    },
    CACHES={"default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": os.environ["PEERS_REDIS"]}},
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    USE_TZ=True,
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
)
django.setup()

from django.core.cache import cache  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import models  # noqa: E402
from django.http import HttpResponse, JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402


class User(models.Model):
    name = models.CharField(max_length=200)
    email = models.CharField(max_length=320, null=True)
    disabled = models.BooleanField()
    session_epoch = models.BigIntegerField()

    class Meta:
        app_label, db_table, managed = "peer", "users", False


class Blog(models.Model):
    owner = models.ForeignKey(User, models.CASCADE)
    title = models.CharField(max_length=200)
    content = models.TextField()
    version = models.IntegerField()
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        app_label, db_table, managed = "peer", "blogs", False


def for_the_user(view):
    def checked(request):
        user_id, epoch = (request.session.get(name) for name in ("user_id", "epoch"))
        request.user = User.objects.filter(id=user_id, session_epoch=epoch, disabled=False).first()
        return view(request) if request.user else HttpResponse(status=401)

    return checked


def login(request, user_id):
    request.session.update({"user_id": user_id, "epoch": User.objects.get(id=user_id).session_epoch})
    return HttpResponse()


@for_the_user
def cached(request):
    key = f"blogs/{request.user.id}"
    blogs = cache.get(key)
    if blogs is None:
        blogs = blogs_by(request.user)
        cache.set(key, blogs, 3600)
    return JsonResponse(blogs, safe=False)


@for_the_user
def uncached(request):
    return JsonResponse(blogs_by(request.user), safe=False)


def blogs_by(owner):
    return [
        {
            "id": blog.id,
            "title": blog.title,
            "content": blog.content,
            "version": blog.version,
            "created_at": blog.created_at.isoformat().replace("+00:00", "Z"),
            "updated_at": blog.updated_at.isoformat().replace("+00:00", "Z"),
            "attachment": None,
        }
        for blog in Blog.objects.filter(owner=owner).order_by("-id")
    ]


urlpatterns = [path("login/<int:user_id>", login), path("cached", cached), path("uncached", uncached)]
app = get_wsgi_application()
