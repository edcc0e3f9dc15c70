// The part that the browser puts into a page.
report("content script");
