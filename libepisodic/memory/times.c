/* times.c - what the texts of a step say about time, resolved when the step is stored: "last Friday" means another day
 * to whoever reads it later.
 *
 * Only English texts that are searched are looked at; a space whose language is "none" tells no times. The rules may
 * get better from release to release, so what is stored is never made again from the text: it says what was understood
 * then.
 */
#include "draft.h"

#include "../text/text.h"

#define MODULE "memory"

static void add(epi__buffer *out, size_t role, const epi_time_mention *mention) {
    const epi__told told = {.role = (uint8_t)role,
                            .precision = (uint8_t)mention->precision,
                            .text_from = mention->from,
                            .text_to = mention->to,
                            .from = mention->interval.from,
                            .to = mention->interval.to};
    epi__told_encode(out, &told);
}

epi_status epi__draft_times(epi__draft *draft, epi__arena *arena, const epi_schema *schema, epi__scratch *scratch) {
    epi_time_mention mentions[EPI_TIME_MENTION_COUNT_MAX];
    size_t left = EPI_TIME_MENTION_COUNT_MAX;
    epi__buffer *out = &scratch->buffer;
    epi__row *row = &draft->row;
    if (!epi__analyzer_is_english(scratch->analyzer)) return EPI_OK;
    epi__buffer_clear(out);
    for (size_t i = 0; i < schema->role_count && left > 0; i++) {
        epi__view text = draft->parts[i];
        size_t count = 0;
        if (schema->roles[i].type != EPI_TEXT || !(schema->roles[i].flags & EPI_ROLE_SEARCH)) continue;
        if (epi__text_tells_duration(text.data, text.size)) row->flags |= EPI__ROW_DURATION;
        EPI__TRY(epi_time_find(mentions, &count, left, text.data, text.size, row->event_from, row->utc_offset_min));
        count = EPI__MIN(count, left);
        for (size_t m = 0; m < count; m++) add(out, i, &mentions[m]);
        left -= count;
    }
    if (out->size == 0) return out->failed ? epi__fail_memory(MODULE, sizeof mentions) : EPI_OK;
    void *copy = out->failed ? NULL : epi__arena_copy(arena, out->data, out->size);
    if (!copy) return epi__fail_memory(MODULE, out->size);
    row->told = (epi__view){copy, out->size};
    draft->size += out->size;
    return EPI_OK;
}
