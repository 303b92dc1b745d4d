"""Before azd packages: dist/ is used where it is there, else built on Linux; elsewhere this stops and names the release."""

import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HANDLER = os.path.join(ROOT, "dist", "handler")
RELEASE = """Deploy the package of a release instead: download policy-remediator-linux-x64.zip, then
  azd provision
  azd deploy worker --from-package policy-remediator-linux-x64.zip"""


def main() -> int:
    if sys.platform == "win32":
        # A zip that is made on Windows does not mark the handler as executable, and the host could not start it.
        print(f"azd cannot package the worker on Windows.\n{RELEASE}", file=sys.stderr)
        return 1
    if os.access(HANDLER, os.X_OK):
        print("dist/ is there and is used; remove it to have it built anew.")
        return 0
    if sys.platform != "linux":
        print(f"The worker is a Linux binary, and there is no dist/.\nUnpack the package of a release into dist/, or:\n{RELEASE}", file=sys.stderr)
        return 1
    return subprocess.run([os.path.join(ROOT, "scripts", "package")], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
