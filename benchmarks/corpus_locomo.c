/* corpus_locomo.c - a made-up corpus as a file in the LoCoMo form, so that it goes the way of any other. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <episodic/episodic.h>
#include <episodic/sys/json.h>

#include "corpus.h"

#define TRIES 40 /* draws a question wanted; most facts are asked for once at most */

typedef struct places {
    uint32_t (*of)[2]; /* session and turn of every turn, both from 1 */
    size_t count, room;
} places;

static void put_string(epi_json_writer *out, const char *name, const char *text) {
    epi_json_put_string(out, name, text, strlen(text));
}

static void note_place(places *all, uint64_t session, size_t turn) {
    if (all->count == all->room) {
        all->room = all->room * 2 + 256;
        all->of = realloc(all->of, all->room * sizeof *all->of);
        if (all->of == NULL) bench_fail("out of memory");
    }
    all->of[all->count][0] = (uint32_t)session;
    all->of[all->count++][1] = (uint32_t)turn;
}

/* "1:56 pm on 8 May, 2023" */
static void put_time(epi_json_writer *out, uint64_t session, int64_t time_us) {
    static const char *const months[] = {"January", "February", "March",     "April",   "May",      "June",
                                         "July",    "August",   "September", "October", "November", "December"};
    char name[48], iso[EPI_TIME_TEXT_SIZE], text[64];
    int year = 0, month = 1, day = 1, hour = 0, minute = 0;
    epi_time_text(iso, time_us, 0);
    if (sscanf(iso, "%4d-%2d-%2d%*c%2d:%2d", &year, &month, &day, &hour, &minute) != 5)
        bench_fail("a time is \"%s\"", iso);
    snprintf(name, sizeof name, "session_%llu_date_time", (unsigned long long)session);
    snprintf(text, sizeof text, "%d:%02d %s on %d %s, %d", (hour + 11) % 12 + 1, minute, hour < 12 ? "am" : "pm", day,
             months[month - 1], year);
    put_string(out, name, text);
}

static void put_session(epi_json_writer *out, const corpus_session *session, places *all) {
    char name[48];
    put_time(out, session->number, session->time_us);
    snprintf(name, sizeof name, "session_%llu", (unsigned long long)session->number);
    epi_json_begin_array(out, name);
    for (size_t i = 0; i < session->count; i++) {
        char id[64];
        snprintf(id, sizeof id, "D%llu:%zu", (unsigned long long)session->number, i + 1);
        note_place(all, session->number, i + 1);
        epi_json_begin_object(out, NULL);
        put_string(out, "speaker", session->turns[i].speaker);
        put_string(out, "dia_id", id);
        put_string(out, "text", session->turns[i].text);
        epi_json_end(out);
    }
    epi_json_end(out);
}

static void put_question(epi_json_writer *out, const corpus_question *question, const places *all) {
    epi_json_begin_object(out, NULL);
    put_string(out, "question", question->text);
    epi_json_put_integer(out, "category", question->category);
    epi_json_begin_array(out, "evidence");
    for (size_t i = 0; i < question->evidence_count; i++) {
        char id[64];
        const uint32_t *place = all->of[question->evidence[i]];
        snprintf(id, sizeof id, "D%u:%u", place[0], place[1]);
        put_string(out, NULL, id);
    }
    epi_json_end(out);
    epi_json_end(out);
}

static void put_conversation(epi_json_writer *out, corpus *made, const char *name, size_t sessions, size_t questions) {
    places all = {NULL, 0, 0};
    corpus_question question;
    epi_json_begin_object(out, NULL);
    put_string(out, "sample_id", name);
    epi_json_begin_object(out, "conversation");
    for (size_t i = 0; i < sessions; i++) put_session(out, corpus_next(made), &all);
    epi_json_end(out);
    epi_json_begin_array(out, "qa");
    for (size_t asked = 0, tries = 0; asked < questions && tries < TRIES * questions; tries++) {
        if (!corpus_ask(&question, made)) continue;
        put_question(out, &question, &all);
        asked++;
    }
    epi_json_end(out);
    epi_json_end(out);
    free(all.of);
}

char *corpus_locomo(size_t *size, const char *kind, uint64_t seed, size_t conversations, size_t sessions,
                    size_t questions) {
    epi_json_writer *out = NULL;
    bench_check(epi_json_writer_new(&out, false), "the corpus");
    epi_json_begin_array(out, NULL);
    for (size_t i = 0; i < conversations; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s-%zu", kind, i + 1);
        corpus *made = corpus_new(kind, seed * 1000 + i, 2);
        if (made == NULL) bench_fail("there is no corpus \"%s\"", kind);
        put_conversation(out, made, name, sessions, questions);
        corpus_free(made);
    }
    epi_json_end(out);
    const char *text = epi_json_writer_text(size, out);
    if (text == NULL) bench_fail("the corpus could not be written");
    char *copy = bench_alloc(*size + 1, 1);
    memcpy(copy, text, *size + 1);
    epi_json_writer_free(out);
    return copy;
}
