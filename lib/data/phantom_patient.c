/* phantom_patient.c - draws a patient: pose, head, brain, age, harmless calcifications, and which bleeds there are.
 *
 * Every number comes from a stream of the patient's own, so patient 17 of a seed is the same person in a population of 20 or of a
 * million. Who bleeds, and of what type, is dealt like cards (20 patients, then 5 types a deal) rather than drawn one by one: shares
 * are then as asked for even in small populations. Ranges are those of adult heads. */
#include "../base/numeric.h" /* defines: hni_sin, hni_cos */
#include "../base/random.h"
#include "phantom_parts.h"

#define DEAL 20u /* patients a deal */

static double around(hni_random *r, double mean, double deviation) {
    return mean + deviation * hni_clamp(hni_random_normal(r), -2.2, 2.2);
}

static int chance(hni_random *r, double probability) {
    return hni_random_unit(r) < probability;
}

static void draw_shape(hni_patient *p, hni_random *r) {
    const double turn = hni_between(r, -8.0, 8.0) * (3.14159265358979 / 180.0), size = around(r, 1.0, 0.028);
    p->fov = hni_between(r, 230.0, 240.0);
    p->cosine = hni_cos(turn);
    p->sine = hni_sin(turn);
    p->off_x = around(r, 0.0, 2.5);
    p->off_y = around(r, 1.0, 2.5);
    p->slant_x = around(r, 0.0, 0.035);
    p->slant_y = around(r, 0.0, 0.045);
    p->a = HNI_HEAD_A * size * around(r, 1.0, 0.028);
    p->b = HNI_HEAD_B * size * around(r, 1.0, 0.025);
    p->h = HNI_HEAD_H * size * around(r, 1.0, 0.03);
    p->cover = 0.965 * p->h;
    p->egg = around(r, 0.115, 0.03);
    p->egg2 = around(r, 0.045, 0.02);
    p->box = hni_between(r, 0.12, 0.34);
    p->asym = around(r, 0.0, 0.022);
    p->taper = hni_between(r, 0.03, 0.09);
    p->bone = hni_clamp(around(r, 6.6, 1.3), 4.2, 10.5);
    p->bone_hu = hni_between(r, 1050.0, 1500.0);
    p->diploe = hni_between(r, 0.6, 1.0);
    p->scalp = hni_clamp(around(r, 5.4, 1.1), 3.6, 8.5);
    p->skin = hni_between(r, 1.5, 2.2);
    p->sinus = chance(r, 0.85) ? hni_between(r, 8.0, 30.0) : 0.0;
    p->holder = chance(r, 0.65) ? hni_between(r, 118.0, 146.0) : 0.0;
    p->holder_hu = hni_between(r, 60.0, 260.0);
}

static void draw_brain(hni_patient *p, hni_random *r) {
    const double age = hni_random_unit(r);
    p->age = age * age * 0.6 + age * 0.4;
    p->rim = hni_max(-0.6, around(r, -0.45 + 2.9 * p->age * p->age, 0.25));
    p->sulcus = hni_max(0.12, around(r, 0.22 + 0.75 * p->age, 0.12));
    p->fissure = hni_max(0.5, around(r, 0.75 + 1.5 * p->age, 0.2));
    p->ventricle = hni_clamp(around(r, 0.85 + 0.75 * p->age, 0.16), 0.6, 2.0);
    p->uneven = around(r, 0.0, 0.07);
    p->grey = around(r, 37.5, 1.0);
    p->white = p->grey - hni_between(r, 5.5, 8.5);
    p->fluid = around(r, 7.0, 2.0);
    p->leuko = p->age > 0.45 ? hni_between(r, 0.0, 12.0) * p->age : 0.0;
    p->falx = around(r, 53.0, 3.0);
    p->falx_bend = around(r, 0.0, 1.0);
    p->plaque = chance(r, 0.12) ? hni_between(r, 150.0, 500.0) : 0.0;
    p->pineal = chance(r, 0.7) ? hni_between(r, 1.2, 3.4) : 0.0;
    p->pineal_hu = hni_between(r, 75.0, 320.0);
    for (int side = 0; side < 2; side++) p->choroid[side] = chance(r, 0.62) ? hni_between(r, 1.2, 3.6) : 0.0;
    p->choroid_hu = hni_between(r, 75.0, 380.0);
    p->pallidum = chance(r, 0.12) ? hni_between(r, 15.0, 70.0) : 0.0;
    p->noise = hni_between(r, 2.8, 4.2);
    p->cupping = hni_between(r, 2.0, 5.0);
}

/* Does this patient bleed, and if so as which of the bleeders? Cards: ranks 0 … 19 are shuffled over each 20 patients; rank i of all
 * bleeds where i·share passes a whole number. */
static int deal_bleed(uint64_t seed, uint32_t patient, double share, uint64_t *number) {
    hni_random r;
    uint32_t rank[DEAL];
    const uint32_t deal = patient / DEAL;
    for (uint32_t i = 0; i < DEAL; i++) rank[i] = i;
    hni_random_init(&r, seed, HNI_RANDOM_PHANTOM, deal, HNI_PHANTOM_DEAL);
    hni_shuffle(&r, rank, DEAL);
    const double i = (double)deal * DEAL + rank[patient % DEAL];
    const double before = floor(i * share + 0.5), after = floor((i + 1.0) * share + 0.5);
    *number = (uint64_t)before;
    return after > before;
}

static uint32_t deal_type(uint64_t seed, uint64_t number) {
    hni_random r;
    uint32_t type[5] = {HN_BLEED_EPIDURAL, HN_BLEED_SUBDURAL, HN_BLEED_INTRAPARENCHYMAL, HN_BLEED_INTRAVENTRICULAR, HN_BLEED_SUBARACHNOID};
    hni_random_init(&r, seed, HNI_RANDOM_PHANTOM, (uint32_t)(number / 5), HNI_PHANTOM_TYPES);
    hni_shuffle(&r, type, 5);
    return type[number % 5];
}

/* A second bleed that goes with the first, in a third of the patients; 0 = none. */
static uint32_t companion(hni_random *r, uint32_t type) {
    static const uint32_t WITH[5] = {HN_BLEED_SUBDURAL, HN_BLEED_SUBARACHNOID, HN_BLEED_INTRAVENTRICULAR, HN_BLEED_SUBARACHNOID,
                                     HN_BLEED_INTRAVENTRICULAR};
    int i = 0;
    if (!chance(r, 0.32)) return 0;
    while (i < 4 && !(type >> i & 1)) i++;
    return chance(r, 0.7) ? WITH[i] : type == HN_BLEED_INTRAPARENCHYMAL ? HN_BLEED_SUBDURAL : HN_BLEED_INTRAPARENCHYMAL;
}

static void draw_bleeds(hni_patient *p, uint64_t seed, uint32_t patient, double share) {
    hni_random r;
    uint64_t number;
    if (!deal_bleed(seed, patient, share, &number)) return;
    const uint32_t first = deal_type(seed, number);
    hni_random_init(&r, seed, HNI_RANDOM_PHANTOM, patient, HNI_PHANTOM_BLEED);
    const uint32_t second = companion(&r, first);
    hni_bleed_draw(p, &p->bleed[p->n_bleeds++], &r, first);
    if (second) hni_bleed_draw(p, &p->bleed[p->n_bleeds++], &r, second);
    p->types = first | second;
    if (p->types & HN_BLEED_INTRAVENTRICULAR) p->ventricle = hni_max(p->ventricle, 1.1); /* blood widens what it fills */
}

void hni_patient_draw(hni_patient *p, uint64_t seed, uint32_t patient, double bleed_share) {
    hni_random r;
    *p = (hni_patient){0};
    hni_random_init(&r, seed, HNI_RANDOM_PHANTOM, patient, HNI_PHANTOM_SHAPE);
    draw_shape(p, &r);
    hni_random_init(&r, seed, HNI_RANDOM_PHANTOM, patient, HNI_PHANTOM_TISSUE);
    draw_brain(p, &r);
    hni_texture_lattice(p->lattice, seed, patient);
    p->push_z = 45.0;
    draw_bleeds(p, seed, patient, bleed_share);
}
