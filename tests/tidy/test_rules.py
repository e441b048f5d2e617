"""test_rules.py - each house rule finds what it is for, and lets the decent neighbour pass."""

import unittest

import rules

FILES = {"libepisodic/base/base.h", "libepisodic/memory/memory.h", "libepisodic/store/engine.h", "tools/episodic/cli.h"}


class Rules(unittest.TestCase):
    def bites(self, rule, path, bad, good, *arguments):
        self.assertEqual(len(list(rule(path, bad, *arguments))), 1, bad)
        self.assertEqual(list(rule(path, good, *arguments)), [], good)

    def test_a_store_file_that_includes_memory_is_found(self):
        self.bites(rules.layering, "libepisodic/store/x.c", '#include "../memory/memory.h"\n',
                   '#include "engine.h"\n#include "../base/base.h"\n#include <episodic/status.h>\n', FILES)

    def test_a_module_without_a_layer_is_found(self):
        self.assertEqual(len(list(rules.layering("libepisodic/misc/x.c", "", FILES))), 1)

    def test_a_tool_that_includes_an_internal_header_is_found(self):
        self.bites(rules.only_public, "tools/episodic/x.c", '#include "../../libepisodic/base/base.h"\n',
                   '#include "cli.h"\n#include <episodic/episodic.h>\n', FILES)

    def test_a_second_door_is_found(self):
        door = {"libepisodic/store/lmdb.c": "#include <lmdb.h>\n"}
        self.assertEqual(list(rules.doors(door)), [])
        self.assertEqual(len(list(rules.doors({**door, "libepisodic/store/y.c": "#include <lmdb.h>\n"}))), 1)
        self.assertEqual(len(list(rules.doors({"libepisodic/memory/x.c": "#include <lmdb.h>\n"}))), 1)

    def test_a_long_function_is_found_and_a_long_table_is_not(self):
        long_body = "    x++;\n" * 69
        self.bites(rules.function_length, "x.c", "int f(int x) {\n" + long_body + "}\n",
                   "static const int t[] = {\n" + "    1,\n" * 90 + "};\nint f(int x) {\n    x++;\n}\n")

    def test_braces_in_comments_and_strings_do_not_count(self):
        tricky = 'int f(void) {\n    /* { */ g("{", \'{\');\n}\nint h(void) {\n}\n'
        self.assertEqual([(f.name, f.length) for f in rules.csource.functions(tricky)], [("f", 3), ("h", 2)])

    def test_functions_inside_extern_c_and_classes_are_seen(self):
        text = 'extern "C" {\nint f(void) {\n}\n}\nclass A : B {\n    int g() const override {\n    }\n};\n'
        self.assertEqual([f.name for f in rules.csource.functions(text)], ["f", "g"])

    def test_a_long_file_is_found(self):
        self.bites(rules.file_length, "x.c", "\n" * 601, "\n" * 600)

    def test_a_wide_line_a_tab_and_trailing_blanks_are_found(self):
        self.bites(rules.line_form, "x.c", "x" * 121 + "\n", "x" * 120 + "\n")
        self.bites(rules.line_form, "x.c", "a\tb\n", "a b\n")
        self.bites(rules.line_form, "x.c", "a \n", "a\n")
        self.bites(rules.line_form, "x.c", "a", "a\n")
        self.bites(rules.line_form, "x.md", "x" * 121 + "\n", "| " + "x" * 121 + "\n")

    def test_a_file_that_does_not_open_with_its_purpose_is_found(self):
        self.bites(rules.head_comment, "a/x.c", "#include <stdio.h>\n", "/* x.c - example. */\n")
        self.bites(rules.head_comment, "tests/unit/x.c", "#include <stdio.h>\n", "/* The map: what it promises. */\n")

    def test_unfinished_work_is_found(self):
        self.bites(rules.unfinished, "x.c", "/* TO" "DO later */\n", "/* do it now */\n")

    def test_banned_calls_are_found_in_code_only(self):
        self.bites(rules.banned_calls, "libepisodic/base/x.c", "strcpy(a, b);\n",
                   '/* strcpy() */ f("strcpy(", my_strcpy(a), x->exit(1));\n')
        self.bites(rules.banned_calls, "libepisodic/base/x.c", "p = malloc(1);\n", "p = epi__alloc(1);\n")
        self.bites(rules.banned_calls, "libepisodic/base/x.c", 'fprintf(stderr, "x");\n', "snprintf(a, b, c);\n")

    def test_an_undocumented_public_function_is_found(self):
        self.bites(rules.documented, "include/episodic/x.h", "EPI_API int epi_x(int a);\n",
                   "/** Does x. */\nEPI_API int epi_x(int a,\n                  int b);\nEPI_API void epi_y(void);\n\n"
                   "EPI_API int epi_z(int a); /**< z */\n")


if __name__ == "__main__":
    unittest.main(verbosity=2)
