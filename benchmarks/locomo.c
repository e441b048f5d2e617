/* locomo.c - reading turns and questions of a file in the LoCoMo form, and mending the ids of its evidence.
 *
 *   [{"sample_id", "conversation": {"session_N": [{"dia_id": "D1:3", ...}, ...]},
 *     "qa": [{"question", "evidence": ["D1:3", ...], "category"}]}, ...]
 *
 * An id that names a turn as it is written is taken so. From any other, all that looks like D<session>:<turn> is taken,
 * whatever stands between, with leading zeros and one stray ':' or blanks removed; what then names no turn is dropped.
 */
#include "locomo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

/* ---- the file --------------------------------------------------------------------------------------------------- */

static void read_text(locomo_file *file, const char *path) {
    FILE *in = fopen(path, "rb");
    if (in == NULL) bench_fail("%s: cannot be opened", path);
    size_t room = 1 << 20;
    file->text = bench_alloc(room, 1);
    for (size_t got = 1; got > 0; file->size += got) {
        if (file->size == room) {
            room *= 2;
            file->text = realloc(file->text, room);
            if (file->text == NULL) bench_fail("%s: out of memory", path);
        }
        got = fread(file->text + file->size, 1, room - file->size, in);
    }
    if (ferror(in)) bench_fail("%s: cannot be read", path);
    fclose(in);
}

static const char *string_of(const epi_json *object, const char *name, const char *what) {
    const char *text = epi_json_string(epi_json_member(object, name), NULL);
    if (text == NULL) bench_fail("the file has a %s without %s", what, name);
    return text;
}

/* ---- turns ------------------------------------------------------------------------------------------------------ */

static int by_id(const void *a, const void *b) {
    const locomo_turn *x = a;
    const locomo_turn *y = b;
    return strcmp(x->id, y->id);
}

const locomo_turn *locomo_find(const locomo_conversation *conversation, const char *id) {
    locomo_turn wanted = {.id = id};
    return bsearch(&wanted, conversation->turns, conversation->turn_count, sizeof wanted, by_id);
}

/* What stands beside a session as its time: "session_3" has "session_3_date_time". */
static const char *time_of(const epi_json *sessions, const epi_json *session) {
    char name[64];
    snprintf(name, sizeof name, "%s_date_time", epi_json_name(session));
    return epi_json_string(epi_json_member(sessions, name), NULL);
}

/* Members that are lists are sessions: dates and speakers are strings. */
static void read_turns(locomo_conversation *conversation, const epi_json *sessions) {
    size_t room = 0;
    size_t session = 0;
    for (const epi_json *at = epi_json_first(sessions); at != NULL; at = epi_json_next(at)) room += epi_json_count(at);
    conversation->turns = bench_alloc(room + 1, sizeof *conversation->turns);
    for (const epi_json *at = epi_json_first(sessions); at != NULL; at = epi_json_next(at), session++) {
        if (epi_json_type_of(at) != EPI_JSON_ARRAY) continue;
        const char *time = time_of(sessions, at);
        for (const epi_json *turn = epi_json_first(at); turn != NULL; turn = epi_json_next(turn)) {
            const char *text = epi_json_string(epi_json_member(turn, "text"), NULL);
            locomo_turn read = {string_of(turn, "dia_id", "turn"), session, text, time};
            conversation->turns[conversation->turn_count++] = read;
        }
    }
    qsort(conversation->turns, conversation->turn_count, sizeof *conversation->turns, by_id);
}

/* ---- evidence --------------------------------------------------------------------------------------------------- */

#define ID_SIZE 64

static bool read_number(unsigned long *number, const char **at) {
    char *end = NULL;
    if (**at < '0' || **at > '9') return false;
    *number = strtoul(*at, &end, 10);
    *at = end;
    return true;
}

/* Finds the next D<session>:<turn>, writes it in its usual form and moves behind it. */
static bool next_id(char id[ID_SIZE], const char **at) {
    for (; **at != '\0'; (*at)++) {
        unsigned long session = 0;
        unsigned long turn = 0;
        const char *here = *at + 1;
        if (**at != 'D' && **at != 'd') continue;
        here += strspn(here, ": ");
        if (!read_number(&session, &here)) continue;
        here += strspn(here, " ");
        if (*here++ != ':') continue;
        here += strspn(here, " ");
        if (!read_number(&turn, &here)) continue;
        snprintf(id, ID_SIZE, "D%lu:%lu", session, turn);
        *at = here;
        return true;
    }
    return false;
}

static void add_evidence(locomo_question *question, const locomo_turn *turn) {
    for (size_t i = 0; i < question->evidence_count; i++)
        if (question->evidence[i] == turn) return;
    size_t room = (question->evidence_count + 1) * sizeof *question->evidence;
    const locomo_turn **more = realloc(question->evidence, room);
    if (more == NULL) bench_fail("out of memory");
    more[question->evidence_count++] = turn;
    question->evidence = more;
}

static void read_evidence(locomo_file *file, locomo_question *question, const char *given) {
    const locomo_conversation *conversation = &file->conversations[question->conversation];
    const locomo_turn *turn = locomo_find(conversation, given);
    char id[ID_SIZE];
    size_t found = 0;
    if (turn != NULL) {
        add_evidence(question, turn);
        return;
    }
    for (const char *at = given; next_id(id, &at); found++) {
        turn = locomo_find(conversation, id);
        if (turn != NULL) add_evidence(question, turn);
        *(turn != NULL ? &file->repaired_ids : &file->dropped_ids) += 1;
    }
    if (found == 0) file->dropped_ids++;
}

/* ---- questions -------------------------------------------------------------------------------------------------- */

static void read_question(locomo_file *file, size_t conversation, size_t place, const epi_json *entry) {
    locomo_question *question = &file->questions[file->question_count];
    const epi_json *evidence = epi_json_member(entry, "evidence");
    *question = (locomo_question){.text = string_of(entry, "question", "question"),
                                  .conversation = conversation,
                                  .place = place,
                                  .answer = epi_json_member(entry, "answer")};
    if (!epi_json_integer(&question->category, epi_json_member(entry, "category"))) question->category = 0;
    for (const epi_json *at = epi_json_first(evidence); at != NULL; at = epi_json_next(at)) {
        const char *id = epi_json_string(at, NULL);
        if (id != NULL)
            read_evidence(file, question, id);
        else
            file->dropped_ids++;
    }
    if (question->evidence_count > 0)
        file->question_count++;
    else
        file->unanswerable++;
}

static void read_conversation(locomo_file *file, const epi_json *entry) {
    size_t number = file->conversation_count++;
    locomo_conversation *conversation = &file->conversations[number];
    conversation->name = string_of(entry, "sample_id", "conversation");
    read_turns(conversation, epi_json_member(entry, "conversation"));
    const epi_json *questions = epi_json_member(entry, "qa");
    size_t room = file->question_count + epi_json_count(questions) + 1;
    file->questions = realloc(file->questions, room * sizeof *file->questions);
    if (file->questions == NULL) bench_fail("out of memory");
    size_t place = 0;
    for (const epi_json *at = epi_json_first(questions); at != NULL; at = epi_json_next(at))
        read_question(file, number, place++, at);
}

void locomo_read(locomo_file *file, const char *path) {
    locomo_file read = {0};
    read_text(&read, path);
    locomo_read_text(file, read.text, read.size, path);
}

void locomo_read_text(locomo_file *file, char *text, size_t size, const char *path) {
    *file = (locomo_file){.text = text, .size = size};
    bench_check(epi_json_parse(&file->root, file->text, file->size), path);
    if (epi_json_type_of(file->root) != EPI_JSON_ARRAY) bench_fail("%s: is no list of conversations", path);
    file->conversations = bench_alloc(epi_json_count(file->root) + 1, sizeof *file->conversations);
    for (const epi_json *at = epi_json_first(file->root); at != NULL; at = epi_json_next(at))
        read_conversation(file, at);
    if (file->question_count == 0) bench_fail("%s: no question has evidence", path);
}

void locomo_dispose(locomo_file *file) {
    for (size_t i = 0; i < file->conversation_count; i++) free(file->conversations[i].turns);
    for (size_t i = 0; i < file->question_count; i++) free(file->questions[i].evidence);
    free(file->conversations);
    free(file->questions);
    epi_json_free(file->root);
    free(file->text);
    memset(file, 0, sizeof *file);
}
