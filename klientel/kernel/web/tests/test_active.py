"""Language and time zone of each thread and each task."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation
from django.utils.translation import get_language, gettext, trans_real

from klientel.kernel.web.active import Active


def test_django_asks_the_quick_ones():
    assert isinstance(trans_real._active, Active)
    assert isinstance(timezone._active, Active)


def test_a_language_holds_inside_its_block_and_no_longer():
    with translation.override("de"):
        assert gettext("Yes") == "Ja"
        with translation.override("en"):
            assert gettext("Yes") == "Yes"
        with translation.override(None):
            assert get_language() is None
        assert get_language() == "de"
        with timezone.override("Asia/Tokyo"):
            assert timezone.get_current_timezone() == ZoneInfo("Asia/Tokyo")
        assert timezone.get_current_timezone() == timezone.get_default_timezone()


def test_each_thread_and_each_task_has_its_own(settings):
    found = {}

    def look(name):
        found[name] = get_language()
        translation.activate("fr")

    async def one(language):
        with translation.override(language):
            await asyncio.sleep(0)
            return get_language()

    async def both():
        return await asyncio.gather(one("de"), one("en"))

    with translation.override("en"):
        thread = threading.Thread(target=look, args=("thread",))
        thread.start()
        thread.join()
        assert get_language() == "en"
    assert found["thread"] == settings.LANGUAGE_CODE == "de"
    with ThreadPoolExecutor() as beside:  # a loop of its own: the browser's may run here
        assert beside.submit(lambda: asyncio.run(both())).result() == ["de", "en"]


def test_what_was_taken_away_is_not_there():
    active = Active("test")
    assert not hasattr(active, "value")
    active.value = 1
    del active.value
    with pytest.raises(AttributeError):
        _ = active.value
