/* model_card.h - the parts of the model card. Each writes Markdown below its heading, which model_card.c's table gives.
 *
 *   model_card.c          the table; model, use, limits      model_card_figures.c  how good, right and wrong, subgroups
 *   model_card_trust.c    threshold, calibration, leaks      verify_card.c         the card held against model and data
 *   markdown.c            text into Markdown */
#ifndef HAEMNET_MODEL_CARD_H
#define HAEMNET_MODEL_CARD_H

#include "markdown.h"
#include "report.h"

/* What the lines begin with that verify leaves out. */
#define CARD_PLACE "# Model card: "
#define CARD_TIME "Written "
#define CARD_DATA "Measured on "

/* model_card_figures.c */
void card_figures(FILE *out, const evidence *e);
void card_confusion(FILE *out, const evidence *e);
void card_classes(FILE *out, const evidence *e);
void card_trivial(FILE *out, const evidence *e);
void card_subgroups(FILE *out, const evidence *e);

/* model_card_trust.c */
void card_thresholds(FILE *out, const evidence *e);
void card_calibration(FILE *out, const evidence *e);
void card_leaks(FILE *out, const evidence *e);

/* report_familiar.c */
void card_familiar(FILE *out, const evidence *e);

/* verify_card.c: prints each line of folder/model-card.md that does not hold, at most so many of them, and counts them; CARD_ABSENT: there is no card.
 * EXIT_FAILED after a message if it cannot be read. */
enum { CARD_ABSENT = -1 };
int verify_card(const evidence *e, const char *folder, double tolerance, int64_t *differ);

#endif
