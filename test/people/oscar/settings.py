# The least configuration with which django-oscar makes its tables: its own list of applications, and a database named by the environment.
import os

from oscar.defaults import *  # noqa: F403

SECRET_KEY = "only a test"
USE_TZ = True
SITE_ID = 1
ROOT_URLCONF = "settings"
urlpatterns = []
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ["OSCAR_DATABASE"],
        "USER": "postgres",
        "PASSWORD": "postgres",
        "HOST": "127.0.0.1",
        "PORT": os.environ["OSCAR_PORT"],
    }
}
APPLICATIONS = (
    "analytics checkout address shipping catalogue communication partner basket payment offer order customer search voucher wishlists dashboard"
)
DASHBOARDS = "reports users orders catalogue offers partners pages ranges reviews vouchers communications shipping"
INSTALLED_APPS = [
    *(
        f"django.contrib.{name}"
        for name in "admin auth contenttypes sessions messages staticfiles sites flatpages".split()
    ),
    "oscar.config.Shop",
    *(f"oscar.apps.{name}.apps.{name.capitalize()}Config" for name in APPLICATIONS.split()),
    "oscar.apps.catalogue.reviews.apps.CatalogueReviewsConfig",
    *(f"oscar.apps.dashboard.{name}.apps.{name.capitalize()}DashboardConfig" for name in DASHBOARDS.split()),
    "widget_tweaks",
    "haystack",
    "treebeard",
    "django_tables2",
]
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates"}]
SILENCED_SYSTEM_CHECKS = ["admin.E402", "admin.E403", "admin.E404", "admin.E408", "admin.E409", "admin.E410"]
