"""Words about a zone's climate, for screens and pages."""

from display.prompts import Words


def zone_words(zone: str, temperature: float | None, humidity: float | None) -> Words | None:
    """A zone's values, such as 室温 26.1 °C 湿度 45 %; None without a reading."""
    if temperature is None:
        return None
    zh, en = f"室温 {temperature:.1f} °C", f"{temperature:.1f} °C"
    if humidity is not None:
        zh, en = f"{zh} 湿度 {humidity:.0f} %", f"{en}, humidity {humidity:.0f} %"
    return Words(f"{zone} {zh}".strip(), f"{zone} {en}".strip() if zone else f"Indoors {en}")
