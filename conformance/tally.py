"""Counts the calls of a client, and what of each was not as expected."""

import sys
import traceback


class Tally:
    """Each check is one call, or one walk through a list."""

    def __init__(self, client):
        self.client = client
        self.count = 0
        self.wrong = []

    def check(self, name, call, expect=lambda found: True):
        """Makes a call and judges what came back."""
        self.count += 1
        try:
            found = call()
            if not expect(found):
                self.wrong.append(f"{name}: unexpected {found!r}"[:600])
            return found
        except Exception as error:
            self.wrong.append(f"{name}: {''.join(traceback.format_exception_only(error)).strip()}"[:900])
            return None

    def refused(self, name, call, status, code):
        """Makes a call that is to be refused like this."""
        self.count += 1
        try:
            found = call()
        except Exception as error:
            told = getattr(getattr(error, "error", None), "code", None) or getattr(error, "error_code", None)
            if getattr(error, "status_code", None) != status or told != code:
                self.wrong.append(f"{name}: refused otherwise, {getattr(error, 'status_code', None)} {told}: {error}"[:900])
            return
        self.wrong.append(f"{name}: not refused, {found!r}"[:600])

    def end(self):
        """Tells the outcome."""
        for line in self.wrong:
            print(f"WRONG  {self.client}: {line}")
        print(f"{self.client}: {self.count} calls, {len(self.wrong)} wrong")
        sys.exit(1 if self.wrong else 0)
