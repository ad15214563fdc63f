"""The words of a search's report, in English and French."""

from gribouille.documents.words import Language

TEXTS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "Search for how to train",
        "summary": "Trials: {trials} (came to their end: {finished}, stopped early: {stopped}, failed: "
        "{failed}). Each learned {classes} words from {training} drawings in up to {epochs} epochs "
        "and was judged by its MAP@3 on the same {n} validation drawings.",
        "best": "Best: trial {number} with a MAP@3 of {score}",
        "against base": "; the base configuration (trial 0) reached {base}.",
        "is base": ", which is the base configuration: nothing better was found.",
        "base stopped": "; the base configuration (trial 0) did not come to its end.",
        "error": "The sampling error of a MAP@3 near the best is at most ± {error} points (95 %, n = {n}), "
        "and the best of many trials is flattered by having been chosen: compare it with the base "
        "again, with other seeds and on all words, before you believe a difference of this size.",
        "none": "No trial has come to its end yet.",
        "command": "Train with the best values at full size",
        "command note": "All words of the store, with the base configuration's own epochs and drawings.",
        "table": "The best trials",
        "rank": "rank",
        "trial": "trial",
        "base": "base",
        "history": "How the search went",
        "history caption": "Last MAP@3 of each trial. The line is the best of those that came to their end; a trial "
        "stopped early had learned less.",
        "learning": "Learning curves, and what was stopped",
        "learning caption": "MAP@3 after each epoch. At the dotted epochs a trial went on if it was among the best 1 in"
        " {reduction} that had come so far (successive halving). A high learning rate looks worse "
        "before the end of its cycle than it is.",
        "parallel": "Values together",
        "parallel caption": "A line is a trial: its values, and its MAP@3 at the end. Trials stopped early are grey.",
        "slices": "Values one by one",
        "slices caption": "Last MAP@3 of each trial over each of its values, while the others vary as well. Hollow: "
        "stopped early, so lower for that alone.",
        "importance": "Which values matter",
        "importance caption": "Share of what separates the trials that were better than most from the others (PED-ANOVA),"
        " by the MAP@3 after epoch {epoch}, which all {trials} trials reached. From fewer than "
        "about 50 trials it is a hint, not a measurement.",
        "too few": "Too few trials to say which values matter: {trials}, of {wanted} at least.",
        "epoch": "epoch",
        "finished": "came to its end",
        "stopped": "stopped early",
        "best so far": "best so far",
        "the best": "the best",
        "failures": "Trials that failed or could not be trained",
        "about": "About this search",
        "words": "Words",
        "store": "Store",
        "selection": "Selection",
        "hash": "Hash of its drawings",
        "commit": "Commit",
        "seed": "Seed",
        "time": "Time in trials",
        "minutes": "{minutes} min",
        "sampler": "Sampler",
        "rate": "learning rate",
        "strength": "augmentation",
        "width": "net's width",
        "side": "side (px)",
        "line": "line (of the side)",
        "decay": "decay",
        "smoothing": "smoothing",
    },
    "fr": {
        "title": "Recherche de la façon d’entraîner",
        "summary": "Essais : {trials} (allés au bout : {finished}, arrêtés plus tôt : {stopped}, échoués : "
        "{failed}). Chacun a appris {classes} mots sur {training} dessins en {epochs} époques au "
        "plus, et a été jugé par sa MAP@3 sur les mêmes {n} dessins de validation.",
        "best": "Le meilleur : l’essai {number}, avec une MAP@3 de {score}",
        "against base": " ; la configuration de base (essai 0) a atteint {base}.",
        "is base": ", c’est-à-dire la configuration de base : rien de meilleur n’a été trouvé.",
        "base stopped": " ; la configuration de base (essai 0) n’est pas allée au bout.",
        "error": "L’erreur d’échantillonnage d’une MAP@3 proche de la meilleure est d’au plus ± {error} "
        "points (95 %, n = {n}), et le meilleur de nombreux essais est flatté par le fait d’avoir "
        "été choisi : comparez-le encore à la base, avec d’autres graines et sur tous les mots, "
        "avant de croire à une différence de cette taille.",
        "none": "Aucun essai n’est encore allé au bout.",
        "command": "Entraîner avec les meilleures valeurs en grandeur réelle",
        "command note": "Tous les mots de la base de dessins, avec les époques et les dessins de la configuration "
        "de base.",
        "table": "Les meilleurs essais",
        "rank": "rang",
        "trial": "essai",
        "base": "base",
        "history": "Le cours de la recherche",
        "history caption": "Dernière MAP@3 de chaque essai. La ligne est le meilleur de ceux qui sont allés au bout ; "
        "un essai arrêté plus tôt avait moins appris.",
        "learning": "Courbes d’apprentissage, et ce qui a été arrêté",
        "learning caption": "MAP@3 après chaque époque. Aux époques en pointillé, un essai continuait s’il était parmi "
        "le meilleur 1 sur {reduction} de ceux venus jusque-là (successive halving). Un taux "
        "d’apprentissage élevé paraît moins bon avant la fin de son cycle qu’il ne l’est.",
        "parallel": "Les valeurs ensemble",
        "parallel caption": "Une ligne est un essai : ses valeurs, et sa MAP@3 à la fin. Les essais arrêtés plus tôt "
        "sont en gris.",
        "slices": "Les valeurs une à une",
        "slices caption": "Dernière MAP@3 de chaque essai selon chacune de ses valeurs, alors que les autres varient "
        "aussi. Cercle vide : arrêté plus tôt, donc plus bas pour cette seule raison.",
        "importance": "Les valeurs qui comptent",
        "importance caption": "Part de ce qui sépare les essais meilleurs que la plupart des autres (PED-ANOVA), d’après "
        "la MAP@3 après l’époque {epoch}, que les {trials} essais ont tous atteinte. Avec moins "
        "d’une cinquantaine d’essais, c’est un indice et non une mesure.",
        "too few": "Trop peu d’essais pour dire quelles valeurs comptent : {trials}, il en faut au moins {wanted}.",
        "epoch": "époque",
        "finished": "allé au bout",
        "stopped": "arrêté plus tôt",
        "best so far": "le meilleur jusque-là",
        "the best": "le meilleur",
        "failures": "Essais qui ont échoué ou que l’on n’a pu entraîner",
        "about": "À propos de cette recherche",
        "words": "Mots",
        "store": "Base de dessins",
        "selection": "Sélection",
        "hash": "Empreinte de ses dessins",
        "commit": "Commit",
        "seed": "Graine",
        "time": "Temps des essais",
        "minutes": "{minutes} min",
        "sampler": "Échantillonneur",
        "rate": "taux d’apprentissage",
        "strength": "augmentation",
        "width": "largeur du réseau",
        "side": "côté (px)",
        "line": "trait (du côté)",
        "decay": "décroissance",
        "smoothing": "lissage",
    },
}
