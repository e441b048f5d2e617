/* scratch.c - the pool of scratch; see scratch.h. */
#include "mirror.h"

static void scratch_free(epi__scratch *scratch) {
    if (!scratch) return;
    epi__analyzer_free(scratch->analyzer);
    epi__document_dispose(&scratch->document);
    epi__buffer_dispose(&scratch->buffer);
    epi__buffer_dispose(&scratch->text);
    epi__free(scratch->cells);
    epi__free(scratch->touched);
    epi__free(scratch);
}

void epi__scratches_init(epi__scratches *scratches) {
    memset(scratches, 0, sizeof *scratches);
    pthread_mutex_init(&scratches->mutex, NULL);
}

void epi__scratches_dispose(epi__scratches *scratches) {
    for (size_t i = 0; i < EPI__COUNT(scratches->free); i++)
        while (scratches->free[i]) {
            epi__scratch *next = scratches->free[i]->next;
            scratch_free(scratches->free[i]);
            scratches->free[i] = next;
        }
    pthread_mutex_destroy(&scratches->mutex);
}

static epi_status scratch_new(epi__scratch **made, const char *language, bool plain) {
    epi__scratch *scratch = epi__alloc_zero(1, sizeof *scratch);
    *made = NULL;
    if (!scratch) return epi__fail_memory("memory", sizeof *scratch);
    epi_status status = epi__analyzer_new(&scratch->analyzer, language);
    if (status) {
        scratch_free(scratch);
        return status;
    }
    scratch->plain = plain;
    *made = scratch;
    return EPI_OK;
}

epi_status epi__scratch_take(epi__scratch **taken, epi__mirror *mirror) {
    const char *language = mirror->schema->schema.language;
    bool plain = language && strcmp(language, "none") == 0;
    epi__scratches *pool = mirror->scratches;
    pthread_mutex_lock(&pool->mutex);
    *taken = pool->free[plain];
    if (*taken) pool->free[plain] = (*taken)->next;
    pthread_mutex_unlock(&pool->mutex);
    return *taken ? EPI_OK : scratch_new(taken, language, plain);
}

void epi__scratch_give(epi__scratch *scratch, epi__mirror *mirror) {
    if (!scratch) return;
    epi__scratches *pool = mirror->scratches;
    pthread_mutex_lock(&pool->mutex);
    scratch->next = pool->free[scratch->plain];
    pool->free[scratch->plain] = scratch;
    pthread_mutex_unlock(&pool->mutex);
}
