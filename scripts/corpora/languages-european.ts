import type { Language } from "./language.js";
import { list } from "./phrases.js";

/** Written for this project. All phrases combine into grammatical sentences. */
export const europeanLanguages: readonly Language[] = [
  {
    name: "Deutsch",
    patterns: [
      "{subject} {verb} {rest}.",
      "{time} {verb} {subject} {rest}.",
      "{place} {verb} {subject} {rest}.",
      "{opener} {verb} {subject} {rest}, und {subject} {verb} {rest}.",
      "{subject} {verb} {rest}, denn {subject} {verb} {rest}.",
      "„{subject} {verb} {rest}“, <sagte|rief|flüsterte|meinte> {subject}.",
    ],
    subject: list(
      "die Lehrerin / der alte Fischer / unser Nachbar / die junge Ärztin / der Bäcker an der Ecke / meine Schwester / der Gärtner / das Kind mit der roten Mütze / die Bürgermeisterin / ein müder Reisender / der Uhrmacher / die Forscherin",
    ),
    predicate: list(
      "öffnet|vorsichtig {object} / vergisst|schon wieder {object} / bringt|{object} in die Werkstatt / zeigt|den Gästen {object} / sucht|seit Stunden {object} / verkauft|auf dem Markt {object} / zeichnet|mit ruhiger Hand {object} / trägt|{object} über die Brücke / erklärt|allen geduldig {object} / legt|{object} neben das Fenster / tauscht|{object} gegen ein Pfund Kirschen / findet|im Keller {object} / repariert|ohne Eile {object} / versteckt|{object} hinter dem Ofen / beschreibt|in einem langen Brief {object} / wiegt|{object} auf der alten Waage / leiht|dem Museum {object} / malt|{object} in drei Farben / prüft|vor der Abfahrt {object} / verschenkt|zum Geburtstag {object} / misst|{object} zweimal nach / verliert|auf dem Heimweg {object} / fotografiert|bei Regen {object} / holt|{object} vom Dachboden",
    ),
    object: list(
      "den kleinen Schlüssel / die Karte vom Gebirge / das Fernglas / eine Kiste mit Äpfeln / den Brief ohne Absender / die gläserne Lampe / das Rad des Wagens / einen Korb voller Pilze / die Liste der Namen / das verstaubte Klavier / den Entwurf für den neuen Hafen / die Ergebnisse der Messung",
    ),
    time: list(
      "am frühen Morgen / nach dem Regen / im Herbst / jeden Donnerstag / kurz vor Mitternacht / während der Pause / seit jenem Sommer / an solchen Tagen",
    ),
    place: list(
      "auf dem Platz vor der Kirche / im Garten hinter dem Haus / am Ufer des Sees / in der kleinen Bibliothek / oben auf dem Hügel / im Zug nach Norden / unter der alten Linde / in der Küche des Gasthofs / zwischen den Regalen",
    ),
    opener: list("trotzdem / deshalb / zum Glück / später / vielleicht / wie immer / im Gegensatz dazu / schließlich"),
  },
  {
    name: "Français",
    patterns: [
      "{subject} {verb} {rest}.",
      "{time}, {subject} {verb} {rest}.",
      "{place}, {subject} {verb} {rest}.",
      "{opener}, {subject} {verb} {rest}, mais {subject} {verb} {rest}.",
      "{subject} {verb} {rest} pendant que {subject} {verb} {rest}.",
      "« {subject} {verb} {rest} », <dit|murmura|répondit|cria> {subject}.",
    ],
    subject: list(
      "la boulangère / le vieux marin / notre voisine / le jeune médecin / ma cousine / le facteur du quartier / la directrice du musée / un voyageur fatigué / le jardinier / la petite fille au manteau bleu / le professeur de chimie / la couturière",
    ),
    predicate: list(
      "ouvre|doucement {object} / oublie|encore une fois {object} / cherche|partout {object} / montre|aux invités {object} / vend|au marché {object} / range|{object} près de la fenêtre / dessine|avec soin {object} / porte|{object} jusqu’au pont / explique|en détail {object} / échange|{object} contre un kilo de cerises / retrouve|à la cave {object} / répare|sans se presser {object} / cache|{object} derrière le poêle / décrit|dans une longue lettre {object} / pèse|{object} sur la vieille balance / prête|au musée {object} / peint|{object} en trois couleurs / vérifie|avant le départ {object} / offre|à son frère {object} / mesure|deux fois {object} / perd|en chemin {object} / photographie|sous la pluie {object} / descend|du grenier {object} / imagine|depuis longtemps {object}",
    ),
    object: list(
      "la petite clé / la carte des montagnes / une caisse de pommes / la lettre sans adresse / la lampe de verre / la roue du chariot / un panier de champignons / la liste des noms / le piano couvert de poussière / le projet du nouveau port / les résultats de l’enquête / une montre qui retarde",
    ),
    time: list(
      "au petit matin / après la pluie / en automne / chaque jeudi / un peu avant minuit / pendant la pause / depuis cet été-là / ces jours-là",
    ),
    place: list(
      "sur la place de l’église / dans le jardin derrière la maison / au bord du lac / dans la petite bibliothèque / en haut de la colline / dans le train du nord / sous le grand tilleul / dans la cuisine de l’auberge / entre les étagères",
    ),
    opener: list("pourtant / par chance / plus tard / peut-être / comme toujours / en revanche / enfin / d’abord"),
  },
  {
    name: "Español",
    patterns: [
      "{subject} {verb} {rest}.",
      "{time}, {subject} {verb} {rest}.",
      "{place} {subject} {verb} {rest}.",
      "{opener}, {subject} {verb} {rest}, y {subject} {verb} {rest}.",
      "{subject} {verb} {rest} porque {subject} {verb} {rest}.",
      "—{subject} {verb} {rest} —<dijo|respondió|susurró|gritó> {subject}.",
    ],
    subject: list(
      "la maestra / el viejo pescador / nuestro vecino / la joven doctora / mi hermana / el cartero del barrio / la directora del museo / un viajero cansado / el jardinero / la niña del abrigo azul / el profesor de química / la costurera",
    ),
    predicate: list(
      "abre|con cuidado {object} / olvida|otra vez {object} / busca|por todas partes {object} / enseña|a los invitados {object} / vende|en el mercado {object} / guarda|{object} junto a la ventana / dibuja|con paciencia {object} / lleva|{object} hasta el puente / explica|paso a paso {object} / cambia|{object} por un kilo de cerezas / encuentra|en el sótano {object} / arregla|sin prisa {object} / esconde|{object} detrás de la estufa / describe|en una larga carta {object} / pesa|{object} en la vieja balanza / presta|al museo {object} / pinta|{object} de tres colores / revisa|antes de salir {object} / regala|a su hermano {object} / mide|dos veces {object} / pierde|por el camino {object} / fotografía|bajo la lluvia {object} / baja|del desván {object} / recuerda|después de muchos años {object}",
    ),
    object: list(
      "la pequeña llave / el mapa de la sierra / una caja de manzanas / la carta sin remitente / la lámpara de cristal / la rueda del carro / una cesta de setas / la lista de nombres / el piano cubierto de polvo / el plano del nuevo puerto / los resultados de la encuesta / un reloj que atrasa",
    ),
    time: list(
      "al amanecer / después de la lluvia / en otoño / cada jueves / poco antes de medianoche / durante el recreo / desde aquel verano / en días así",
    ),
    place: list(
      "en la plaza de la iglesia / en el jardín de atrás / a orillas del lago / en la pequeña biblioteca / en lo alto de la colina / en el tren del norte / bajo el viejo tilo / en la cocina de la posada / entre los estantes",
    ),
    opener: list("sin embargo / por suerte / más tarde / quizás / como siempre / en cambio / por fin / primero"),
  },
  {
    name: "Português",
    patterns: [
      "{subject} {verb} {rest}.",
      "{time}, {subject} {verb} {rest}.",
      "{place}, {subject} {verb} {rest}.",
      "{opener}, {subject} {verb} {rest}, mas {subject} {verb} {rest}.",
      "{subject} {verb} {rest} enquanto {subject} {verb} {rest}.",
    ],
    subject: list(
      "a professora / o velho pescador / o nosso vizinho / a jovem médica / a minha irmã / o carteiro / a diretora do museu / um viajante cansado / o jardineiro / a menina do casaco azul / o relojoeiro / a costureira",
    ),
    predicate: list(
      "abre|com cuidado {object} / esquece|outra vez {object} / procura|por toda parte {object} / mostra|aos convidados {object} / vende|na feira {object} / guarda|{object} perto da janela / desenha|com calma {object} / leva|{object} até a ponte / explica|a todos {object} / troca|{object} por um quilo de cerejas / encontra|no porão {object} / conserta|sem pressa {object} / esconde|{object} atrás do fogão / descreve|numa longa carta {object} / pesa|{object} na balança antiga / empresta|ao museu {object} / pinta|{object} de três cores / confere|antes da partida {object} / oferece|ao irmão {object} / mede|duas vezes {object} / perde|no caminho {object}",
    ),
    object: list(
      "a pequena chave / o mapa da serra / uma caixa de maçãs / a carta sem remetente / o candeeiro de vidro / a roda da carroça / um cesto de cogumelos / a lista dos nomes / o piano coberto de pó / o projeto do novo porto / os resultados da medição / um relógio atrasado",
    ),
    time: list(
      "de manhã cedo / depois da chuva / no outono / todas as quintas-feiras / pouco antes da meia-noite / durante o intervalo / desde aquele verão / em dias assim",
    ),
    place: list(
      "na praça da igreja / no jardim atrás da casa / à beira do lago / na pequena biblioteca / no alto da colina / no comboio do norte / debaixo da velha tília / na cozinha da pousada / entre as prateleiras",
    ),
    opener: list("no entanto / por sorte / mais tarde / talvez / como sempre / em contrapartida / por fim / primeiro"),
  },
  {
    name: "Русский",
    patterns: [
      "{subject} {verb} {rest}.",
      "{time} {subject} {verb} {rest}.",
      "{place} {subject} {verb} {rest}.",
      "{opener}, {subject} {verb} {rest}, а {subject} {verb} {rest}.",
      "{subject} {verb} {rest}, потому что {subject} {verb} {rest}.",
      "— {subject} {verb} {rest}, — <говорит|шепчет|отвечает|замечает> {subject}.",
    ],
    subject: list(
      "учительница / старый рыбак / наш сосед / молодой врач / моя сестра / почтальон / директор музея / усталый путник / садовник / девочка в синем пальто / часовщик / инженер из столицы",
    ),
    predicate: list(
      "осторожно открывает|{object} / снова забывает|{object} / повсюду ищет|{object} / показывает|гостям {object} / продаёт|на рынке {object} / кладёт|{object} у окна / терпеливо рисует|{object} / несёт|{object} через мост / подробно объясняет|{object} / меняет|{object} на килограмм вишни / находит|в подвале {object} / не спеша чинит|{object} / прячет|{object} за печкой / описывает|в длинном письме {object} / взвешивает|{object} на старых весах / отдаёт|в музей {object} / красит|{object} в три цвета / проверяет|перед отъездом {object} / дарит|брату {object} / дважды измеряет|{object} / теряет|по дороге {object} / фотографирует|под дождём {object} / достаёт|с чердака {object} / вспоминает|через много лет {object}",
    ),
    object: list(
      "маленький ключ / карту гор / ящик яблок / письмо без адреса / стеклянный фонарь / колесо от телеги / корзину грибов / список имён / пыльное пианино / чертёж нового порта / результаты измерений / старые часы",
    ),
    time: list(
      "рано утром / после дождя / осенью / каждый четверг / незадолго до полуночи / во время перерыва / с того самого лета / в такие дни",
    ),
    place: list(
      "на площади у церкви / в саду за домом / на берегу озера / в маленькой библиотеке / на вершине холма / в поезде на север / под старой липой / на кухне гостиницы / между полками",
    ),
    opener: list("однако / к счастью / позже / возможно / как всегда / напротив / наконец / сначала"),
  },
];
