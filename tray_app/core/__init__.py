"""Values, codecs and protocols that two rooms share; nothing here touches the world."""
