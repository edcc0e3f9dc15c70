// Leads to where a person answers, a moment after the page came.
"use strict";
const to = document.currentScript.dataset.to;
setTimeout(() => location.replace(to), 300);
