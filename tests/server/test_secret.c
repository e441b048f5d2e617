/* test_secret.c - comparing a token takes the same time wherever the first difference is. What is measured does not
 * vary: a child compares, and its parent counts the instructions by letting it take one at a time.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "http.h"

#define TOKEN "0123456789abcdefghijklmnopqrstuv"

/* A sanitizer's instructions are not the program's, and take minutes to count. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MAY_COUNT false
#else
#define MAY_COUNT true
#endif

static void compare_and_leave(const char *given) {
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) _exit(77);
    raise(SIGSTOP);
    bool same = http_token_is(given, TOKEN);
    raise(SIGSTOP);
    _exit(same);
}

/* Instructions between the two stops, in *count. False: nobody can count here. */
static bool count_instructions(long *count, bool *same, const char *given) {
    int status = 0;
    if (!MAY_COUNT) return false;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) compare_and_leave(given);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status)) return false;
    for (*count = 0; ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) == 0; (*count)++) {
        waitpid(child, &status, 0);
        if (WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP) break;
    }
    ptrace(PTRACE_CONT, child, NULL, NULL);
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status));
    *same = WEXITSTATUS(status) == 1;
    return true;
}

static void wrong_tokens_take_as_many_instructions_as_the_right_one(void **state) {
    char given[] = TOKEN;
    long right = 0, wrong = 0;
    bool same = false;
    (void)state;
    if (!count_instructions(&right, &same, TOKEN)) skip();
    assert_true(same);
    assert_true(right > (long)sizeof TOKEN);
    for (size_t i = 0; i < sizeof TOKEN - 1; i++) {
        given[i] ^= 1;
        assert_true(count_instructions(&wrong, &same, given));
        assert_false(same);
        assert_int_equal(wrong, right);
        given[i] ^= 1;
    }
}

/* strcmp() is what such a comparison must not be: counting tells the two apart. */
static void counting_sees_an_early_end(void **state) {
    long first = 0, last = 0;
    bool same = false;
    (void)state;
    if (!count_instructions(&first, &same, "0")) skip();
    assert_true(count_instructions(&last, &same, TOKEN));
    assert_true(first < last);
}

static void only_the_token_itself_is_the_token(void **state) {
    static const char *const wrong[] = {
        "", "0", "0123456789abcdefghijklmnopqrstu", TOKEN "0", TOKEN TOKEN, "0123456789ABCDEFGHIJKLMNOPQRSTUV", "\xff"};
    (void)state;
    assert_true(http_token_is(TOKEN, TOKEN));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) assert_false(http_token_is(wrong[i], TOKEN));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_tokens_take_as_many_instructions_as_the_right_one),
        cmocka_unit_test(counting_sees_an_early_end),
        cmocka_unit_test(only_the_token_itself_is_the_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
