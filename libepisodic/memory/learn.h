/* learn.h - encoders that a space learns from its own steps: when, from what, and where the model is kept.
 *
 * A learned generation begins like any other, without a model. Upkeep trains one when there are enough steps, outside
 * every lock, and puts it into the model table in one commit: a record a word, and one under the empty word that says
 * from how many steps. Until then the generation has no encoder and cannot serve. From then on new steps are folded in,
 * and every process reads the model. When the space has twice the steps, a new generation begins, and is trained anew.
 */
#ifndef EPI_MEMORY_LEARN_H
#define EPI_MEMORY_LEARN_H

#include "generation.h"

#define EPI__LEARN_STEPS_MIN 100u   /* with words; fewer tell nothing */
#define EPI__LEARN_STEPS_MAX 100000u /* that a training reads; of more, blocks drawn at random */

/* Of "lsa": learned, not given. */
bool epi__generation_learns(epi__view name);
bool epi__generation_is_untrained(const epi__generation_record *record);

/* Whether a step is left out of a training, so that what was learned can be measured on what it has not seen: an eighth
 * of all, in blocks. */
bool epi__learn_leaves_out(uint64_t generation, uint64_t step);
/* Trains what is due. */
epi_status epi__learn(epi__mirror *mirror);
/* Reads a generation's model as an encoder. EPI_ENOTFOUND, without a last error: there is none yet. */
epi_status epi__learn_load(epi_encoder *encoder, epi__mirror *mirror, const epi__generation *generation);
/* Takes words out of the models that no step has any more, so that a purge leaves none. */
epi_status epi__learn_forget(epi__change *change);

#endif
