"use strict";

const place = document.getElementById("swagger-ui");

SwaggerUIBundle({
  url: place.dataset.schema,
  domNode: place,
  deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis],
  // The service's own validator badge would ask a server on the internet.
  validatorUrl: null,
  defaultModelsExpandDepth: 0,
});
