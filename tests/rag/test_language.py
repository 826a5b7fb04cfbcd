"""Language detection on questions as people type them."""

import threading

import pytest

from rag.language import detect

QUESTIONS = {
    "es": [
        "¿Qué es la atención?",
        "que es un token",
        "cuántas capas tiene el modelo",
        "por qué usar recuperación",
        "hola",
        "¿Quién escribió The Raven?",
        "Explica LoRA",
        "¿Cuándo?",
        "diferencias entre un codificador y un decodificador",
        "Resume el documento en tres frases",
    ],
    "en": [
        "What is attention?",
        "who wrote it",
        "how many layers does the model have",
        "hello",
        "Who painted Las Meninas?",
        "why?",
        "learning rate",
        "Define fine-tuning in one sentence",
        "Summarise the document",
        "differences between an encoder and a decoder",
    ],
    "de": ["Was ist Aufmerksamkeit?", "Wie funktioniert die Suche?", "Wer hat das Buch geschrieben?"],
    "fr": ["Qu'est-ce que l'attention ?", "Qui a écrit ce livre ?", "Combien de couches y a-t-il ?"],
    "pt": ["O que é a atenção?", "Como funciona a pesquisa?", "Quem escreveu este livro?"],
    "it": ["Che cos'è l'attenzione?", "Chi ha scritto questo libro?"],
    "ru": ["Что такое внимание?"],
    "ar": ["ما هو الانتباه؟"],
    "zh": ["什么是注意力机制？"],
}


@pytest.mark.parametrize(
    ("code", "text"), [(code, text) for code, asked in QUESTIONS.items() for text in asked]
)
def test_detects_short_questions(code: str, text: str) -> None:
    assert detect(text) == code


@pytest.mark.parametrize("text", ["", "   ", "12345", "?!", "GPT-3", "\ud800", "🙂"])
def test_says_the_default_where_the_text_does_not_tell(text: str) -> None:
    assert detect(text, default="es") == "es"


def test_detects_long_texts() -> None:
    assert (
        detect("El modelo lee una frase y calcula cuánto importa cada palabra para las otras. " * 100) == "es"
    )
    assert detect("The model reads a sentence and works out how much each word matters. " * 100) == "en"


def test_function_words_settle_long_texts_of_their_own_language_only(monkeypatch: pytest.MonkeyPatch) -> None:
    galician = (
        "Os concellos da costa están entre os que máis perderon, pero el e os do porto son optimistas: con "
        "fondos para arranxar o peirao, e cos barcos que está a construír a confraría, as rúas volverán ter "
        "vida por fin. A mañá en que chegou a nova foi de festa, con gaitas para todos e pan de millo entre "
        "cunca e cunca; os nenos correron ata a praia del norte para velo saír, e os maiores cantaban."
    )
    abstract = "The council, which has been asked about this by their engineers, would explain how and why."
    dutch = "De raad besloot gisteren de oude brug over het kanaal te slopen en een nieuwe te bouwen. " * 12
    hebrew = "המודל קורא משפט ומחשב כמה כל מילה חשובה לכל השאר. " * 12
    assert [detect(text) for text in (galician, dutch + abstract, hebrew + abstract)] == ["gl", "nl", "he"]
    monkeypatch.setattr("rag.language._by_model", lambda *given: pytest.fail("the model was asked"))
    spanish = "Según la autora, los modelos son y fueron útiles para quien explica una frase con calma. "
    assert detect(spanish * 6) == "es"


def test_is_safe_across_threads() -> None:
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(detect("tasa y ritmo del mercado"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found) == 8
