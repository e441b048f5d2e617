/* The remote encoder against a server that misbehaves in every way it can: each ends as specified, and a space keeps
 * going.
 */
#include "place.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "server.h"

#define DIMENSION 24u
#define TEXTS 10u
#define KEY "sk-test-4711"

static struct {
    place place;
    server plain, secure, foreign;
    char certificate[128], key[128], foreign_certificate[128], foreign_key[128];
    unsigned number; /* tells caches apart */
} all;

static int start(void **state) {
    (void)state;
    place_make(&all.place);
    const char *base = all.place.base;
    char folders[2][96];
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(folders[i], sizeof folders[i], "%s/%zu", base, i);
        if (mkdir(folders[i], 0700)) return -1;
    }
    (void)snprintf(all.certificate, sizeof all.certificate, "%s/own.pem", base);
    (void)snprintf(all.key, sizeof all.key, "%s/own.key", base);
    (void)snprintf(all.foreign_certificate, sizeof all.foreign_certificate, "%s/foreign.pem", base);
    (void)snprintf(all.foreign_key, sizeof all.foreign_key, "%s/foreign.key", base);
    if (!server_certificate(all.certificate, all.key, "localhost")) return -1;
    if (!server_certificate(all.foreign_certificate, all.foreign_key, "elsewhere.example")) return -1;
    const char *const secure[] = {"--certificate", all.certificate, "--key", all.key, NULL};
    const char *const foreign[] = {"--certificate", all.foreign_certificate, "--key", all.foreign_key, NULL};
    return server_start(&all.plain, base, DIMENSION, NULL) &&
                   server_start(&all.secure, folders[0], DIMENSION, secure) &&
                   server_start(&all.foreign, folders[1], DIMENSION, foreign)
               ? 0
               : -1;
}

static int stop(void **state) {
    (void)state;
    server_stop(&all.plain);
    server_stop(&all.secure);
    server_stop(&all.foreign);
    place_remove(&all.place);
    return 0;
}

static epi_remote_options options_for(const server *s, const char *model) {
    epi_remote_options options = epi_remote_options_default();
    options.url = s->url;
    options.model = model;
    options.dimension = DIMENSION;
    options.batch = TEXTS;
    options.pause_ms = 1;
    return options;
}

static char said[2 * TEXTS][64];
static epi_encoder_text texts[2 * TEXTS];

static void make_texts(const char *word) {
    for (size_t i = 0; i < 2 * TEXTS; i++) {
        int size = snprintf(said[i], sizeof said[i], "%s \"%zu\" \xc3\xa9", word, i);
        texts[i] = (epi_encoder_text){said[i], (size_t)size};
    }
}

static void assert_vector(const float *vector, const epi_encoder_text *text) {
    float expected[DIMENSION];
    server_vector(expected, DIMENSION, text->data, text->size);
    for (size_t j = 0; j < DIMENSION; j++) assert_true(fabsf(vector[j] - expected[j]) < 1e-6f);
}

static epi_status run(const epi_remote_options *options, size_t count) {
    epi_encoder encoder;
    float vectors[2 * TEXTS * DIMENSION] = {0};
    EXPECT(EPI_OK, epi_encoder_remote(&encoder, options));
    epi_status status = encoder.encode(encoder.context, vectors, texts, count);
    for (size_t i = 0; !status && i < count; i++) assert_vector(vectors + i * DIMENSION, &texts[i]);
    epi_encoder_close(&encoder);
    return status;
}

static int64_t clock_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- how calls end ----------------------------------------------------------------------------------------------- */

static void every_misbehaviour_ends_as_specified(void **state) {
    (void)state;
    static const struct {
        const char *model;
        epi_status status;
        size_t requests;
        const char *said;
    } cases[] = {
        {"good", EPI_OK, 1, NULL},
        {"reordered", EPI_OK, 1, NULL},
        {"short", EPI_EFORMAT, 1, "9 vectors, expected 10"},
        {"twice", EPI_EFORMAT, 1, "index 0 is twice"},
        {"beyond", EPI_EFORMAT, 1, "index 1000000 of 10"},
        {"unnumbered", EPI_EFORMAT, 1, "no index"},
        {"oversized", EPI_EFORMAT, 1, "limit of"},
        {"wide", EPI_EDIMENSION, 1, "25 elements, expected 24"},
        {"nan", EPI_EFORMAT, 1, "not JSON"},
        {"infinite", EPI_EFORMAT, 1, "no finite number"},
        {"large", EPI_EFORMAT, 1, "no finite number"},
        {"null", EPI_EFORMAT, 1, "no finite number"},
        {"zero", EPI_EZERO, 1, "all zeros"},
        {"html", EPI_EFORMAT, 1, "not JSON"},
        {"empty", EPI_EFORMAT, 1, "no data"},
        {"shaky", EPI_OK, 3, NULL},
        {"broken", EPI_EIO, 4, "answered 503 at attempt 4: no model is loaded"},
        {"exhausted", EPI_EBUSY, 1, "answered 429 at attempt 1: quota used up"}, /* the server asks for an hour */
        {"half", EPI_OK, 2, NULL},
        {"halved", EPI_EIO, 4, "attempt 4"},
        {"silent", EPI_EIO, 4, "attempt 4"},
        {"unknown", EPI_ENOTFOUND, 1, "answered 404 at attempt 1: no such model"},
        {"moved", EPI_EUNSUPPORTED, 1, "answered 302"},
    };
    make_texts("misbehaviour");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        epi_remote_options options = options_for(&all.plain, cases[i].model);
        epi_status status = run(&options, TEXTS);
        if (status != cases[i].status) print_error("%s: %s\n", cases[i].model, epi_error_last()->message);
        assert_int_equal(status, cases[i].status);
        assert_int_equal(server_requests(&all.plain, cases[i].model, NULL), cases[i].requests);
        if (cases[i].said && !strstr(epi_error_last()->message, cases[i].said))
            fail_msg("%s: \"%s\" lacks \"%s\"", cases[i].model, epi_error_last()->message, cases[i].said);
    }
}

static void a_limit_of_time_holds(void **state) {
    (void)state;
    make_texts("time");
    epi_remote_options options = options_for(&all.plain, "slow");
    EXPECT(EPI_OK, run(&options, TEXTS));
    options.timeout_ms = 200;
    options.attempts = 2;
    int64_t before = clock_ms();
    EXPECT(EPI_ETIMEOUT, run(&options, TEXTS));
    assert_in_range(clock_ms() - before, 390, 1400);
    options = options_for(&all.plain, "slow/limit");
    options.limit_ms = 300; /* of all attempts */
    before = clock_ms();
    EXPECT(EPI_ETIMEOUT, run(&options, TEXTS));
    assert_in_range(clock_ms() - before, 290, 1400);
}

static void a_server_that_asks_for_a_pause_gets_it(void **state) {
    (void)state;
    make_texts("pause");
    epi_remote_options options = options_for(&all.plain, "limited");
    int64_t before = clock_ms();
    EXPECT(EPI_OK, run(&options, TEXTS));
    assert_true(clock_ms() - before >= 1000);
    assert_int_equal(server_requests(&all.plain, "limited", NULL), 2);
}

static void a_server_that_failed_is_left_alone_for_a_while(void **state) {
    (void)state;
    epi_encoder encoder;
    float vectors[TEXTS * DIMENSION];
    make_texts("rest");
    epi_remote_options options = options_for(&all.plain, "exhausted/rest");
    EXPECT(EPI_OK, epi_encoder_remote(&encoder, &options));
    for (size_t i = 0; i < 5; i++) EXPECT(EPI_EBUSY, encoder.encode(encoder.context, vectors, texts, TEXTS));
    assert_non_null(strstr(epi_error_last()->message, "left alone"));
    assert_int_equal(server_requests(&all.plain, "exhausted/rest", NULL), 1);
    epi_encoder_close(&encoder);
}

static void nobody_there_is_no_connection(void **state) {
    (void)state;
    epi_remote_options options = options_for(&all.plain, "good");
    make_texts("nobody");
    options.url = "http://127.0.0.1:1/v1/embeddings";
    EXPECT(EPI_EIO, run(&options, TEXTS));
    options.url = "http://no-such-host.invalid/v1/embeddings";
    EXPECT(EPI_EIO, run(&options, TEXTS));
}

static void certificates_are_verified(void **state) {
    (void)state;
    make_texts("trust");
    epi_remote_options options = options_for(&all.secure, "good");
    EXPECT(EPI_EPERMISSION, run(&options, TEXTS)); /* signed by itself, and not told to be trusted */
    assert_int_equal(server_requests(&all.secure, "good", NULL), 0);
    options.ca_file = all.certificate;
    EXPECT(EPI_OK, run(&options, TEXTS));
    options = options_for(&all.foreign, "good");
    options.ca_file = all.foreign_certificate; /* trusted, but another host's */
    EXPECT(EPI_EPERMISSION, run(&options, TEXTS));
    assert_int_equal(server_requests(&all.foreign, "good", NULL), 0);
}

/* ---- keys -------------------------------------------------------------------------------------------------------- */

static void a_key_is_sent_and_never_told(void **state) {
    (void)state;
    char path[128];
    make_texts("key");
    (void)snprintf(path, sizeof path, "%s/key.txt", all.place.base);
    int file = open(path, O_CREAT | O_WRONLY, 0600);
    assert_int_equal(write(file, KEY "\n", sizeof KEY), sizeof KEY);
    (void)close(file);
    epi_remote_options options = options_for(&all.plain, "keyed");
    EXPECT(EPI_EPERMISSION, run(&options, TEXTS));
    options.key_file = path;
    EXPECT(EPI_OK, run(&options, TEXTS));
    (void)setenv("EPISODIC_TEST_KEY", KEY, 1);
    options.key_file = NULL;
    options.key_variable = "EPISODIC_TEST_KEY";
    EXPECT(EPI_OK, run(&options, TEXTS));
    options.model = "babbling"; /* repeats the key in what it says */
    EXPECT(EPI_EUNSUPPORTED, run(&options, 1));
    assert_null(strstr(epi_error_last()->message, "sk-t"));
    (void)setenv("EPISODIC_TEST_KEY", "sk-other-0815", 1);
    options.model = "keyed";
    EXPECT(EPI_EPERMISSION, run(&options, TEXTS));
    assert_null(strstr(epi_error_last()->message, "sk-"));
    epi_encoder encoder;
    EXPECT(EPI_OK, epi_encoder_remote(&encoder, &options));
    assert_null(strstr(encoder.source, "0815"));
    assert_null(strstr(encoder.parameters, "0815"));
    epi_encoder_close(&encoder);
}

static void options_that_cannot_be_are_refused(void **state) {
    (void)state;
    epi_encoder encoder;
    const epi_remote_options good = options_for(&all.plain, "good");
    epi_remote_options bad = good;
    EXPECT(EPI_EINVAL, epi_encoder_remote(NULL, &good));
    EXPECT(EPI_EINVAL, epi_encoder_remote(&encoder, NULL));
    static const char *const urls[] = {
        NULL, "", "localhost:80", "ftp://localhost/x", "file:///etc/passwd", "http://", "http://ann:word@localhost/"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        bad = good, bad.url = urls[i];
        EXPECT(EPI_EINVAL, epi_encoder_remote(&encoder, &bad));
    }
    bad = good, bad.model = NULL;
    EXPECT(EPI_EINVAL, epi_encoder_remote(&encoder, &bad));
    bad = good, bad.dimension = 0;
    EXPECT(EPI_ELIMIT, epi_encoder_remote(&encoder, &bad));
    bad = good, bad.batch = EPI_REMOTE_BATCH_MAX + 1;
    EXPECT(EPI_ELIMIT, epi_encoder_remote(&encoder, &bad));
    bad = good, bad.version = 7;
    EXPECT(EPI_EINVAL, epi_encoder_remote(&encoder, &bad));
    bad = good, bad.key_variable = "EPISODIC_NO_SUCH_VARIABLE";
    EXPECT(EPI_ENOTFOUND, epi_encoder_remote(&encoder, &bad));
    bad = good, bad.key_file = "/no/such/file";
    EXPECT(EPI_ENOTFOUND, epi_encoder_remote(&encoder, &bad));
    (void)setenv("EPISODIC_TEST_KEY", "two words\r\nX-Header: yes", 1);
    bad = good, bad.key_variable = "EPISODIC_TEST_KEY";
    EXPECT(EPI_EINVAL, epi_encoder_remote(&encoder, &bad));
    (void)setenv("EPISODIC_TEST_KEY", KEY, 1);
    bad.url = "http://gpu.example/v1/embeddings"; /* a key in the clear */
    EXPECT(EPI_EINVAL, epi_encoder_remote(&encoder, &bad));
    bad = good, bad.cache = "/no/such/parent/cache";
    EXPECT(EPI_ENOTFOUND, epi_encoder_remote(&encoder, &bad));
    assert_null(encoder.encode);
}

/* ---- texts ------------------------------------------------------------------------------------------------------- */

static void texts_are_cut_between_characters_and_empty_ones_are_not_sent(void **state) {
    (void)state;
    epi_encoder encoder;
    float vectors[3 * DIMENSION] = {0};
    const epi_encoder_text three[] = {{"", 0}, {"abc\xc3\xa9zzz", 8}, {"abc", 3}};
    epi_remote_options options = options_for(&all.plain, "good/cut");
    options.text_size_max = 4; /* in the middle of a character */
    EXPECT(EPI_OK, epi_encoder_remote(&encoder, &options));
    EXPECT(EPI_OK, encoder.encode(encoder.context, vectors, three, 3));
    for (size_t j = 0; j < DIMENSION; j++) assert_true(fabsf(vectors[j]) < 1e-9f);
    assert_vector(vectors + DIMENSION, &three[2]);
    assert_vector(vectors + 2 * DIMENSION, &three[2]);
    size_t sent = 0;
    assert_int_equal(server_requests(&all.plain, "good/cut", &sent), 1);
    assert_int_equal(sent, 1); /* equal texts are sent once */
    epi_encoder_close(&encoder);
}

static void a_dimension_is_asked_for(void **state) {
    (void)state;
    make_texts("shortened");
    epi_remote_options options = options_for(&all.plain, "shortened");
    EXPECT(EPI_EUNSUPPORTED, run(&options, 1));
    options.send_dimension = true;
    EXPECT(EPI_OK, run(&options, TEXTS));
}

static void what_is_in_the_cache_is_never_sent_again(void **state) {
    (void)state;
    char cache[128];
    size_t sent = 0;
    (void)snprintf(cache, sizeof cache, "%s/cache", all.place.base);
    make_texts("cached");
    epi_remote_options options = options_for(&all.plain, "good/cache");
    options.cache = cache;
    options.batch = 3;
    EXPECT(EPI_OK, run(&options, TEXTS));
    assert_int_equal(server_requests(&all.plain, "good/cache", &sent), 4);
    EXPECT(EPI_OK, run(&options, 2 * TEXTS)); /* another encoder of that name sees what the first has kept */
    EXPECT(EPI_OK, run(&options, 2 * TEXTS));
    (void)server_requests(&all.plain, "good/cache", &sent);
    assert_int_equal(sent, 2 * TEXTS);
    options.url = "http://127.0.0.1:1/v1/embeddings"; /* nobody is needed for it */
    EXPECT(EPI_OK, run(&options, 2 * TEXTS));
    options.model = "good/cache2"; /* vectors of another model are others */
    EXPECT(EPI_EIO, run(&options, 1));
}

/* Two of twenty are refused; their vectors are the only ones missing. */
static void a_refused_text_is_told_from_the_others(void **state) {
    (void)state;
    char cache[128];
    (void)snprintf(cache, sizeof cache, "%s/refused", all.place.base);
    make_texts("refused");
    texts[3] = (epi_encoder_text){"poison one", 10};
    texts[17] = (epi_encoder_text){"poison two", 10};
    epi_remote_options options = options_for(&all.plain, "choosy");
    options.cache = cache;
    EXPECT(EPI_EINVAL, run(&options, 2 * TEXTS));
    assert_non_null(strstr(epi_error_last()->message, "answered 400 at attempt 1: input is too long"));
    options.url = "http://127.0.0.1:1/v1/embeddings";
    for (size_t i = 0; i < 2 * TEXTS; i++) {
        epi_encoder_text one = texts[i];
        texts[0] = one;
        EXPECT(i == 3 || i == 17 ? EPI_EIO : EPI_OK, run(&options, 1));
    }
    assert_in_range(server_requests(&all.plain, "choosy", NULL), 2, 18); /* by halves; one by one would be 22 */
    options = options_for(&all.plain, "choosy/first");
    texts[0] = texts[3];
    EXPECT(EPI_EUNSUPPORTED, run(&options, 1)); /* it may be the model: nothing is concluded about the text */
}

/* ---- in a space -------------------------------------------------------------------------------------------------- */

static void a_space_waits_for_a_server_that_is_down(void **state) {
    (void)state;
    place *p = &all.place;
    char cache[128], dead[] = "http://127.0.0.1:1/v1/embeddings";
    place_open(p);
    (void)snprintf(cache, sizeof cache, "%s/cache", p->path);
    epi_remote_options options = options_for(&all.plain, "good/space");
    options.cache = cache;
    options.url = dead;
    epi_encoder encoder;
    EXPECT(EPI_OK, epi_encoder_remote(&encoder, &options));
    EXPECT(EPI_OK, epi_space_encoder_set(p->space, &encoder));
    epi_episode *episode = place_episode(p->space);
    for (size_t i = 0; i < TEXTS; i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "walnut number%zu", i);
        (void)place_say(episode, text);
    }
    epi_episode_close(episode);
    assert_true(place_finds(p->space, "number7", 8));
    assert_int_equal(place_stats(p->space).backlog, TEXTS);
    options.url = all.plain.url; /* the same encoder, found elsewhere */
    EXPECT(EPI_OK, epi_encoder_remote(&encoder, &options));
    EXPECT(EPI_OK, epi_space_encoder_give(p->space, &encoder));
    epi_upkeep_report report;
    EXPECT(EPI_OK, epi_space_upkeep(&report, p->space, NULL));
    assert_int_equal(report.embedded, TEXTS);
    assert_int_equal(place_stats(p->space).backlog, 0);
    place_check(p->memory);
    float first[DIMENSION]; /* as the server sent it: the store has it with unit norm */
    server_vector(first, DIMENSION, "walnut number3", 14);
    assert_true(place_holds(cache, first, sizeof first));
    EXPECT(EPI_OK, epi_memory_compact(p->memory));
    assert_false(place_holds(cache, first, sizeof first));
    /* By itself a process opens it only where it was told to. */
    epi_encoder_info info;
    place_reopen(p);
    EXPECT(EPI_OK, epi_space_encoders(&info, NULL, p->space));
    assert_false(info.ready);
    (void)setenv("EPISODIC_REMOTE", all.plain.url, 1);
    place_reopen(p);
    EXPECT(EPI_OK, epi_space_encoders(&info, NULL, p->space));
    assert_false(info.ready); /* the space was made with the dead address */
    (void)setenv("EPISODIC_REMOTE", dead, 1);
    place_reopen(p);
    EXPECT(EPI_OK, epi_space_encoders(&info, NULL, p->space));
    assert_true(info.ready);
    (void)setenv("EPISODIC_REMOTE", all.plain.url, 1);
    EXPECT(EPI_OK, epi_encoder_remote(&encoder, &options)); /* set again, it is found at the other address */
    EXPECT(EPI_OK, epi_space_encoder_set(p->space, &encoder));
    assert_int_equal(place_stats(p->space).generation, 2);
    place_reopen(p);
    EXPECT(EPI_OK, epi_space_encoders(&info, NULL, p->space));
    assert_true(info.ready);
    assert_int_equal(info.vectors, TEXTS);
    place_check(p->memory);
    (void)unsetenv("EPISODIC_REMOTE");
    place_close(p);
}

/* A cache whose file may not grow, and one whose directory is a file by now: texts are encoded, and it is told. */
static void a_cache_that_cannot_keep_is_told_and_stops_nothing(void **state) {
    (void)state;
    place *p = &all.place;
    char cache[128], moved[128];
    epi_encoder encoder;
    epi_encoder_info info;
    struct rlimit before, small;
    float vector[DIMENSION];
    epi_encoder_text text = {"walnut", 6};
    place_reopen(p);
    (void)snprintf(cache, sizeof cache, "%s/elsewhere", p->base);
    epi_remote_options options = options_for(&all.plain, "good/kept");
    options.cache = cache;
    EXPECT(EPI_OK, epi_encoder_remote(&encoder, &options));
    EXPECT(EPI_OK, epi_space_encoder_set(p->space, &encoder));
    EXPECT(EPI_OK, epi_space_upkeep(NULL, p->space, NULL));
    EXPECT(EPI_OK, epi_space_encoders(&info, NULL, p->space));
    assert_string_equal(info.name, "remote");
    assert_string_equal(info.note, "");
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){16, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    EXPECT(EPI_OK, encoder.encode(encoder.context, vector, &text, 1));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    EXPECT(EPI_OK, epi_space_encoders(&info, NULL, p->space));
    assert_non_null(strstr(info.note, "may be sent again: writing"));
    EXPECT(EPI_OK, encoder.encode(encoder.context, vector, &text, 1));
    EXPECT(EPI_OK, epi_space_encoders(&info, NULL, p->space));
    assert_string_equal(info.note, ""); /* it keeps again */
    (void)snprintf(moved, sizeof moved, "%s/moved", p->base);
    assert_int_equal(rename(cache, moved), 0);
    FILE *file = fopen(cache, "w");
    assert_true(file != NULL && fclose(file) == 0);
    (void)setenv("EPISODIC_REMOTE", all.plain.url, 1);
    place_reopen(p);
    EXPECT(EPI_OK, epi_space_encoders(&info, NULL, p->space));
    assert_true(info.ready);
    assert_non_null(strstr(info.note, "may be sent again"));
    (void)unsetenv("EPISODIC_REMOTE");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_misbehaviour_ends_as_specified),
        cmocka_unit_test(a_limit_of_time_holds),
        cmocka_unit_test(a_server_that_asks_for_a_pause_gets_it),
        cmocka_unit_test(a_server_that_failed_is_left_alone_for_a_while),
        cmocka_unit_test(nobody_there_is_no_connection),
        cmocka_unit_test(certificates_are_verified),
        cmocka_unit_test(a_key_is_sent_and_never_told),
        cmocka_unit_test(options_that_cannot_be_are_refused),
        cmocka_unit_test(texts_are_cut_between_characters_and_empty_ones_are_not_sent),
        cmocka_unit_test(a_dimension_is_asked_for),
        cmocka_unit_test(what_is_in_the_cache_is_never_sent_again),
        cmocka_unit_test(a_refused_text_is_told_from_the_others),
        cmocka_unit_test(a_space_waits_for_a_server_that_is_down),
        cmocka_unit_test(a_cache_that_cannot_keep_is_told_and_stops_nothing),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
