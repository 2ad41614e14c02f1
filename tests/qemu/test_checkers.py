# SPDX-License-Identifier: MIT
"""The checkers of tools/ turn red: each is given a small tree with one thing wrong; and the comparison
of ./bench, counts that are worse."""

import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools"))
import check_architecture  # noqa: E402
import check_layers  # noqa: E402
import check_quotes  # noqa: E402
import check_style  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench"))
import figures  # noqa: E402

HEAD = "/* SPDX-License-Identifier: MIT */\n"


class Checkers(unittest.TestCase):
    def tree(self, files):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        for name, text in files.items():
            path = os.path.join(directory.name, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
        return directory.name

    def layers(self, wanted, **files):
        tree = {"lib/base.h": "", "kern/log.h": '#include "lib/base.h"\n',
                "mm/frame.h": '#include "kern/log.h"\n', "mm/as_impl.h": "",
                "drivers/uart/pl011_regs.h": "", "fs/vnode.h": ""}
        tree.update(files)
        found = check_layers.check(self.tree(tree))
        self.assertEqual(len(found), 1 if wanted else 0, found)
        if wanted:
            self.assertIn(wanted, found[0])

    def test_layers(self):
        self.layers(None)
        self.layers(None, **{"mm/as.c": '#include "mm/as_impl.h"\n'})
        self.layers("kern may not include mm", **{"kern/a.c": '#include "mm/frame.h"\n'})
        self.layers("drivers may not include fs", **{"drivers/a.c": '#include "fs/vnode.h"\n'})
        self.layers("private to mm", **{"proc/a.c": '#include "mm/as_impl.h"\n'})
        self.layers("private to drivers/uart",
                    **{"drivers/intc/a.c": '#include "drivers/uart/pl011_regs.h"\n'})
        self.layers("../", **{"kern/a.c": '#include "../lib/base.h"\n'})
        self.layers("no such file", **{"kern/a.c": '#include "kern/none.h"\n'})
        self.layers("circle", **{"lib/a.h": '#include "lib/b.h"\n',
                                 "lib/b.h": '#include "lib/a.h"\n'})

    def test_style(self):
        body = "int f(void)\n{\n%s}\n"
        good = (HEAD + body % ("    x();\n" * 58)).splitlines()
        self.assertEqual(check_style.check_file("kern/a.c", good), [])
        for path, text in {
                "kern/a.c": body % "",
                "kern/b.c": HEAD + body % ("    x();\n" * 61),
                "kern/c.h": HEAD + "\n" * 600,
                "kern/d.c": HEAD + "// FIX" "ME\n",
                "kern/e.c": HEAD + "#if 0\n#endif\n"}.items():
            self.assertEqual(len(check_style.check_file(path, text.splitlines())), 1, path)

    def architecture(self, wanted, text):
        root = self.tree({"docs/ARCHITECTURE.md": text, "mm/fault.c":
                          "int other(void);\nint fault_resolve(int a,\n                  int b)\n{\n"
                          "    return other();\n}\n",
                          "arch/arm/vectors.S": "vector_abort:\n    b trap\n"})
        found = check_architecture.check(root)
        self.assertEqual(len(found), 1 if wanted else 0, found)
        if wanted:
            self.assertIn(wanted, found[0])

    def test_architecture(self):
        self.architecture(None, "`mm/fault.c:fault_resolve`, `arch/arm/vectors.S:vector_abort`")
        self.architecture("no function other", "`mm/fault.c:other`")
        self.architecture("no function trap", "`arch/arm/vectors.S:trap`")
        self.architecture("no such file", "`mm/none.c:f`")
        self.architecture("no file:function", "nothing")

    def quotes(self, wanted, text):
        root = self.tree({"docs/A.md": text, "mm/a.c": "int a;\n\nint f(void)\n{\n    x();\n    y();\n}\n"})
        found = check_quotes.check(root)
        self.assertEqual(len(found), 1 if wanted else 0, found)
        if wanted:
            self.assertIn(wanted, found[0])

    def test_quotes(self):
        self.quotes(None, "Text\n\n```c mm/a.c\nint f(void)\n{\n    x();\n```\n")
        self.quotes(None, "```c mm/a.c\nint a;\n    ...\n    y();\n}\n```\n```\nany\n```\n")
        self.quotes("docs/A.md:1: mm/a.c has other lines", "```c mm/a.c\nint f(void)\n    x();\n```\n")
        self.quotes("has other lines", "```c mm/a.c\n    y();\n...\n    x();\n```\n")
        self.quotes("has other lines", "```c mm/a.c\nint  a;\n```\n")
        self.quotes("no such file", "```c mm/b.c\nint a;\n```\n")
        self.quotes("no document quotes", "```c\nint b;\n```\n")

    def test_hundred_lines(self):
        """docs/SEGMENT-DRIVER.md and REPLACEMENT-POLICY.md promise examples of at most 100."""
        root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
        for path in ("fs/tally.c", "mm/policy_aging.c"):
            with open(os.path.join(root, path), encoding="utf-8") as f:
                self.assertLessEqual(len(f.readlines()), 100)

    def bench(self, wanted, hint, change):
        counts = {line.key: 1000 for line in figures.LINES}
        wrong, hints = figures.judge({**counts, **change}, counts)
        self.assertEqual([text.split(":")[0] for text in wrong + hints], wanted + hint)

    def test_bench(self):
        """A line may get worse by 2 %; it may not be missing."""
        self.bench([], [], {"getppid": 1019, "image": 981, "processes": 982})
        self.bench(["worse by 2.1 %"], [], {"getppid": 1021})
        self.bench(["worse by 2.1 %"], [], {"processes": 979.5})
        self.bench([], ["better by 2.1 %"], {"getppid": 979})
        self.bench(["getppid"], [], {"getppid": None})
        wrong, _ = figures.judge({line.key: 1 for line in figures.LINES}, {})
        self.assertEqual(len(wrong), len(figures.LINES))


if __name__ == "__main__":
    unittest.main(verbosity=2)
