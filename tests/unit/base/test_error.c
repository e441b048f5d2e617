/* The thread's last error: what it keeps, what it makes of hostile arguments, and that threads do not share it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>

#include "base/base.h"

static void a_failure_keeps_status_module_and_message(void **state) {
    (void)state;
    assert_int_equal(epi__fail(EPI_ELIMIT, "store", "text has %d bytes, limit %d", 70000, 65536), EPI_ELIMIT);
    assert_int_equal(epi_error_last()->status, EPI_ELIMIT);
    assert_string_equal(epi_error_last()->module, "store");
    assert_string_equal(epi_error_last()->message, "text has 70000 bytes, limit 65536");
}

static void a_message_is_one_line_of_utf8(void **state) {
    (void)state;
    epi__fail(EPI_EINVAL, "base", "a\nb\x1b[31m\xff\xc3\xa9\xe2\x82");
    assert_string_equal(epi_error_last()->message, "a b [31m?\xc3\xa9??");
}

static void a_long_message_is_cut_between_characters(void **state) {
    (void)state;
    char text[2048];
    for (size_t i = 0; i + 1 < sizeof(text); i += 2) memcpy(text + i, "\xc3\xa9", 2);
    text[sizeof(text) - 2] = '\0';
    epi__fail(EPI_EINVAL, "base", "x%s", text); /* 511 bytes: x and 255 characters */
    const char *message = epi_error_last()->message;
    assert_int_equal(strlen(message), 511);
    for (size_t at = 0; at < 511;) {
        size_t step = epi__utf8_sequence((const uint8_t *)message + at, 511 - at);
        assert_true(step > 0);
        at += step;
    }
}

static void a_message_may_quote_the_one_before(void **state) {
    (void)state;
    epi__fail(EPI_EIO, "base", "inner");
    epi__fail(EPI_EIO, "base", "outer (%s)", epi_error_last()->message);
    assert_string_equal(epi_error_last()->message, "outer (inner)");
}

static void errno_becomes_the_status_that_tells_what_to_do(void **state) {
    (void)state;
    static const struct {
        int error;
        epi_status status;
    } table[] = {{ENOSPC, EPI_EDISKFULL},  {EDQUOT, EPI_EDISKFULL}, {EACCES, EPI_EPERMISSION}, {EPERM, EPI_EPERMISSION},
                 {EROFS, EPI_EPERMISSION}, {ENOENT, EPI_ENOTFOUND}, {ENOTDIR, EPI_ENOTFOUND},  {ENOMEM, EPI_ENOMEM},
                 {EIO, EPI_EIO},           {EISDIR, EPI_EIO}};
    for (size_t i = 0; i < EPI__COUNT(table); i++) {
        assert_int_equal(epi__fail_errno("store", table[i].error, "opening", "/a/b"), table[i].status);
        assert_non_null(strstr(epi_error_last()->message, "/a/b"));
    }
    assert_int_equal(epi__fail_errno("store", ENOSPC, "syncing", NULL), EPI_EDISKFULL);
    assert_string_equal(epi_error_last()->message, "syncing failed: No space left on device");
}

static void *last_of_new_thread(void *seen) {
    *(epi_error *)seen = *epi_error_last();
    epi__fail(EPI_EBUSY, "other", "from the other thread");
    return NULL;
}

static void each_thread_has_its_own_error(void **state) {
    (void)state;
    epi__fail(EPI_EIO, "base", "mine");
    epi_error seen = {EPI_EIO, NULL, NULL};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, last_of_new_thread, &seen), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(seen.status, EPI_OK);
    assert_int_equal(epi_error_last()->status, EPI_EIO);
    assert_string_equal(epi_error_last()->message, "mine");
}

static void every_status_has_a_name_and_a_text_of_its_own(void **state) {
    (void)state;
    size_t named = 0;
    const char *names[128];
    for (int number = -100; number <= 0; number++) {
        const char *name = epi_status_name((epi_status)number);
        assert_true(epi_status_text((epi_status)number)[0] != '\0');
        if (strcmp(name, "EPI_E?") == 0) continue;
        for (size_t i = 0; i < named; i++) assert_string_not_equal(name, names[i]);
        names[named++] = name;
    }
    assert_int_equal(named, 37); /* as many as <episodic/status.h> has */
    assert_string_equal(epi_status_name(EPI_ENOTFOUND), "EPI_ENOTFOUND");
    assert_string_equal(epi_status_text(EPI_ENOTFOUND), "not found");
    assert_string_equal(epi_status_name((epi_status)1), "EPI_E?");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_keeps_status_module_and_message),
        cmocka_unit_test(a_message_is_one_line_of_utf8),
        cmocka_unit_test(a_long_message_is_cut_between_characters),
        cmocka_unit_test(a_message_may_quote_the_one_before),
        cmocka_unit_test(errno_becomes_the_status_that_tells_what_to_do),
        cmocka_unit_test(each_thread_has_its_own_error),
        cmocka_unit_test(every_status_has_a_name_and_a_text_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
